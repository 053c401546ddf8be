// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import ai.djl.training.tracker.Tracker;

/**
 * Multiplies the learning rate by {@code gamma} every {@code stepSize} updates, as PyTorch's StepLR
 * does every epoch: {@code base · gamma^⌊(update − 1) / stepSize⌋}. Depends only on the number of
 * the update, so that a resumed run continues with the right rate.
 */
record StepLr(float base, float gamma, int stepSize) implements Tracker {

  /** Returns the learning rate of an update; updates count from 1. */
  @Override
  public float getNewValue(int update) {
    int stepsDown = (update - 1) / stepSize;
    return (float) (base * Math.pow(gamma, stepsDown));
  }

  @Override
  public float getNewValue(String parameterId, int update) {
    return getNewValue(update);
  }
}
