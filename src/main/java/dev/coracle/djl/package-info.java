// SPDX-License-Identifier: Apache-2.0
/**
 * Runs Coracle's ONNX files with DJL's own {@code Criteria} and {@code Predictor}: {@link
 * dev.coracle.djl.ClassifierTranslator}.
 */
@NullMarked
package dev.coracle.djl;

import org.jspecify.annotations.NullMarked;
