// SPDX-License-Identifier: Apache-2.0
/**
 * Trains {@code Net} with DJL. Read {@link dev.coracle.train.TrainingRun} first, then {@link
 * dev.coracle.train.TrainingOptions}.
 */
@NullMarked
package dev.coracle.train;

import org.jspecify.annotations.NullMarked;
