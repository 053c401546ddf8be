// SPDX-License-Identifier: Apache-2.0
/** Writes any DJL block as an ONNX file by tracing it. Read OnnxExporter first. */
@NullMarked
package dev.coracle.onnx;

import org.jspecify.annotations.NullMarked;
