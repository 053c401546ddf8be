// SPDX-License-Identifier: Apache-2.0
/**
 * Adapts {@link dev.coracle.function.ClassifyFunction} to the types of Google's Functions
 * Framework.
 */
@NullMarked
package dev.coracle.google;

import org.jspecify.annotations.NullMarked;
