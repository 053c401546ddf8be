// SPDX-License-Identifier: Apache-2.0
/**
 * Lets the exporter run the files it has written: apart from the commands, the only package that
 * depends on both {@code onnx} and {@code inference}. Read {@link dev.coracle.onnx.OnnxVerifier}
 * first.
 */
@NullMarked
package dev.coracle.verify;

import org.jspecify.annotations.NullMarked;
