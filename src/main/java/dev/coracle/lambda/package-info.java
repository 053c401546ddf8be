// SPDX-License-Identifier: Apache-2.0
/** Puts the events of AWS Lambda around {@link dev.coracle.function.ClassifyFunction}. */
@NullMarked
package dev.coracle.lambda;

import org.jspecify.annotations.NullMarked;
