// SPDX-License-Identifier: Apache-2.0
/**
 * Turns the bodies of requests into images, and a model's scores into the bodies of answers;
 * independent of any server. Read {@link dev.coracle.protocol.Query} first.
 *
 * <h2>What the values of a request mean</h2>
 *
 * <ul>
 *   <li>Bytes are grey values, 0 (the background) to 255, which Coracle normalises as the model's
 *       file says: application/octet-stream, pictures, and npy arrays of dtype u1.
 *   <li>Numbers are the model's input itself, as ONNX Runtime gets it: JSON, CSV, JSON lines, npy
 *       arrays of other dtypes, tensors of the Open Inference Protocol.
 *   <li>Numbers under a Content-Type with {@code scale=N} are grey values from 0 to N, which are
 *       divided by it and normalised.
 * </ul>
 */
@NullMarked
package dev.coracle.protocol;

import org.jspecify.annotations.NullMarked;
