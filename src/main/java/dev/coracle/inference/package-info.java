// SPDX-License-Identifier: Apache-2.0
/**
 * Runs an ONNX model with ONNX Runtime; needs no training library. Read {@link
 * dev.coracle.inference.Classifier} first, then {@link dev.coracle.inference.OnnxModel}, on which
 * it stands.
 */
@NullMarked
package dev.coracle.inference;

import org.jspecify.annotations.NullMarked;
