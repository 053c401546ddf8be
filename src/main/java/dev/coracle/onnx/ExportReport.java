// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * Describes the file that an export has written.
 *
 * @param bytes size of the file, with its external data
 * @param opset version of ONNX's operators
 * @param operators in alphabetical order
 * @param dynamicAxes names of the axes whose size the file leaves open
 * @param verification how far the file agrees with the block; empty when it was not verified:
 *     without ONNX Runtime on the class path, or by {@link OnnxExporter#verify verify(false)}
 */
public record ExportReport(
    Path file,
    long bytes,
    int opset,
    int nodes,
    int initializers,
    Set<String> operators,
    Set<String> dynamicAxes,
    Optional<VerificationReport> verification) {}
