// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

/**
 * Holds one image already scaled for the model's input: what a program in another language would
 * pass to ONNX Runtime, and what {@link ModelCodec#encode} makes. For a float32 input the numbers
 * must be finite; for a uint8 input they must be whole, 0 to 255.
 *
 * @param values {@code rows * columns} numbers, row by row from the top left; not copied
 */
@SuppressWarnings("ArrayRecordComponent") // created thousands of times a second, never compared
public record EncodedImage(float[] values) {}
