// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;

/**
 * Tells what a {@link Classifier} sees in one image. Two predictions are equal when they have the
 * same index and label and bit for bit the same probabilities; the array is copied on the way in
 * and on the way out, so a prediction never changes.
 *
 * @param index of the most probable class, the lowest one on a tie
 * @param label of that class
 * @param probabilities one for each class, in the order of {@link Classifier#labels()}
 */
@SuppressWarnings("ArrayRecordComponent") // copied, and compared by content, as said above
public record Prediction(int index, String label, float[] probabilities) {

  public Prediction {
    Objects.checkIndex(index, probabilities.length);
    Objects.requireNonNull(label, "label");
    probabilities = probabilities.clone();
  }

  /** Returns the probability of the class at {@link #index()}, 0 to 1. */
  public float probability() {
    return probabilities[index];
  }

  @Override
  public float[] probabilities() {
    return probabilities.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Prediction that
        && index == that.index
        && label.equals(that.label)
        && Arrays.equals(probabilities, that.probabilities);
  }

  @Override
  public int hashCode() {
    return Objects.hash(index, label, Arrays.hashCode(probabilities));
  }

  /** Returns label and probability, for example {@code 7 (99.9 %)}, in every locale alike. */
  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%s (%.1f %%)", label, 100 * probability());
  }
}
