// SPDX-License-Identifier: Apache-2.0
/**
 * Adapts {@link dev.coracle.function.ClassifyFunction} to the types of Azure Functions, and deploys
 * it there.
 */
@NullMarked
package dev.coracle.azure;

import org.jspecify.annotations.NullMarked;
