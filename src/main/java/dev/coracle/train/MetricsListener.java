// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

/**
 * Receives the metrics of a training run, on the training thread and in order, so that a slow
 * listener delays training. An exception that it throws ends the run.
 */
public interface MetricsListener {

  /**
   * The state after one step.
   *
   * @param epoch counts from 1
   * @param step counts from 1 within the epoch
   * @param images images seen in this epoch, this step's included
   * @param loss mean negative log-likelihood of this step's batch, before the update
   */
  record Step(
      int epoch,
      int step,
      int steps,
      int images,
      int imagesInAll,
      float loss,
      float learningRate) {}

  /**
   * The state after one epoch.
   *
   * @param epoch counts from 1
   * @param trainLoss mean over the epoch's images, each taken before its step's update, with
   *     dropout
   * @param testLoss mean negative log-likelihood of the test images, without dropout
   * @param testAccuracy share of the test images classified correctly, 0 to 1
   * @param seconds spent on training alone, without evaluation
   */
  record Epoch(
      int epoch,
      int epochs,
      double trainLoss,
      double testLoss,
      int testCorrect,
      int testImages,
      double testAccuracy,
      double seconds,
      double imagesPerSecond,
      float learningRate) {}

  default void onStep(Step step) {}

  default void onEpoch(Epoch epoch) {}
}
