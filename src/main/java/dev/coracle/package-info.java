// SPDX-License-Identifier: Apache-2.0
/** Trains a network in Java, exports it to ONNX and runs it. */
@NullMarked
package dev.coracle;

import org.jspecify.annotations.NullMarked;
