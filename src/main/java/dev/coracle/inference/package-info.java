// SPDX-License-Identifier: Apache-2.0
/**
 * Runs an ONNX model with ONNX Runtime; needs no training library. Read {@link
 * dev.coracle.inference.Classifier} first, then {@link dev.coracle.inference.OnnxModel}, on which
 * it is built.
 *
 * <p>Behind them, in the order in which a file is opened and used:
 *
 * <ol>
 *   <li>Checks of the file, in plain Java: {@code ModelFile} reads it, {@code MessageStructure}
 *       checks its protobuf messages by the table in {@code MessageType}, {@code ModelRules} and
 *       the other {@code …Rules} check their content, {@code ExternalData} reads what is in other
 *       files.
 *   <li>ONNX Runtime: {@code Environment} starts it, once, from what {@code NativeLibraries} keeps
 *       unpacked; {@code Sessions} makes a session; {@code References} counts its users.
 *   <li>Calls: {@code Images} checks what is to be classified, {@code ClassifierModel} shares it
 *       out among {@code Workers}, each with {@code BatchBuffers} from the {@code BufferPool};
 *       {@code ImageModel} says how pixels become input, {@code Scores} what the output means.
 * </ol>
 */
@NullMarked
package dev.coracle.inference;

import org.jspecify.annotations.NullMarked;
