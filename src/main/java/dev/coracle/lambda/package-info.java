// SPDX-License-Identifier: Apache-2.0
/** Adapts {@link dev.coracle.function.ClassifyFunction} to the events of AWS Lambda. */
@NullMarked
package dev.coracle.lambda;

import org.jspecify.annotations.NullMarked;
