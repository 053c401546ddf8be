// SPDX-License-Identifier: Apache-2.0
/**
 * Puts the types of Google's Functions Framework around {@link
 * dev.coracle.function.ClassifyFunction}.
 */
@NullMarked
package dev.coracle.google;

import org.jspecify.annotations.NullMarked;
