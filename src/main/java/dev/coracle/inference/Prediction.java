// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;

/**
 * Says which class a {@link Classifier} assigns to one image; immutable. Two predictions are equal
 * when they have the same index, the same label and bit for bit the same probabilities.
 */
public final class Prediction {

  // Not a record: its constructor would be public, and so would have to copy the array on every
  // call.
  private final int index;
  private final String label;
  private final float[] probabilities;

  /**
   * Makes a prediction; the array is copied.
   *
   * @param index of the most probable class
   * @param label of that class
   * @param probabilities one for each class
   * @throws IndexOutOfBoundsException if {@code index} is not that of a probability
   */
  public Prediction(int index, String label, float[] probabilities) {
    this(probabilities.clone(), index, label);
  }

  private Prediction(float[] probabilities, int index, String label) {
    this.index = Objects.checkIndex(index, probabilities.length);
    this.label = Objects.requireNonNull(label, "label");
    this.probabilities = probabilities;
  }

  /** Makes a prediction with an array that nobody else holds, which is not copied. */
  static Prediction ofOwned(int index, String label, float[] probabilities) {
    return new Prediction(probabilities, index, label);
  }

  /** Returns the number of the most probable class, the lowest one on a tie. */
  public int index() {
    return index;
  }

  /** Returns the name of the most probable class. */
  public String label() {
    return label;
  }

  /** Returns the probability of the most probable class, 0 to 1. */
  public float probability() {
    return probabilities[index];
  }

  /** Returns a probability for each class, in the order of {@link Classifier#labels()}; a copy. */
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

  /** Returns label and probability, for example {@code 7 (99.9 %)}, the same in every locale. */
  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%s (%.1f %%)", label, 100 * probability());
  }
}
