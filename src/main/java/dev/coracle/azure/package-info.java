// SPDX-License-Identifier: Apache-2.0
/**
 * Puts the types of Azure Functions around {@link dev.coracle.function.ClassifyFunction}, and
 * deploys it there.
 */
@NullMarked
package dev.coracle.azure;

import org.jspecify.annotations.NullMarked;
