// SPDX-License-Identifier: Apache-2.0
/**
 * Lets the exporter run what it has written: the one place besides the commands that sees both its
 * side and {@code inference}. Read {@link dev.coracle.onnx.OnnxVerifier} first.
 */
@NullMarked
package dev.coracle.verify;

import org.jspecify.annotations.NullMarked;
