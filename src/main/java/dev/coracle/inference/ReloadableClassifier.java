// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import dev.coracle.CoracleException;
import java.nio.file.Path;

/**
 * A classifier whose model can be replaced while it is in use: calls under way finish on the model
 * with which they began, later ones get the new one, none fails. Each answer is from one model,
 * that of a list too. Thread-safe.
 *
 * <pre>{@code
 * try (ReloadableClassifier digits = ReloadableClassifier.open(Path.of("mnist.onnx"))) {
 *   digits.classify(pixels);
 *   digits.reload(Path.of("mnist-2.onnx"));
 *   digits.classify(pixels);
 * }
 * }</pre>
 */
public final class ReloadableClassifier extends Classifier {

  private volatile ClassifierModel model;

  /** Written under this object's lock. */
  private volatile boolean closed;

  private ReloadableClassifier(ClassifierModel model) {
    this.model = model;
  }

  /** Opens a file with {@link ModelOptions#DEFAULTS}. */
  public static ReloadableClassifier open(Path file) {
    return open(file, ModelOptions.DEFAULTS);
  }

  /** Opens a file as {@link Classifier#open(Path, ModelOptions)} does. */
  public static ReloadableClassifier open(Path file, ModelOptions options) {
    return new ReloadableClassifier(ClassifierModel.open(file, options));
  }

  /** Does what {@link #reload(Path, ModelOptions)} does with {@link ModelOptions#DEFAULTS}. */
  public void reload(Path file) {
    reload(file, ModelOptions.DEFAULTS);
  }

  /**
   * Opens a file, which may be the same path with another content, tries it on an image of every
   * grey value, and then replaces the model by it. Where anything fails, the model in use stays.
   * Returns when calls that begin from now on get the new model.
   *
   * @throws InvalidModelException if the file is no such model, as for {@link Classifier#open}, or
   *     takes images of another size
   * @throws CoracleException if the file is missing or unreadable, or the model fails
   * @throws IllegalStateException after {@link #close}
   */
  public void reload(Path file, ModelOptions options) {
    ClassifierModel fresh = ClassifierModel.open(file, options);
    try {
      ImageModel now = model.form();
      ImageModel then = fresh.form();
      if (then.rows() != now.rows() || then.columns() != now.columns()) {
        throw new InvalidModelException(
            "%s: expected a model for images of %d×%d, as the one in use, found %d×%d"
                .formatted(file, now.rows(), now.columns(), then.rows(), then.columns()));
      }
      byte[] everyGrey = new byte[then.pixels()];
      for (int i = 0; i < everyGrey.length; i++) {
        everyGrey[i] = (byte) i;
      }
      fresh.classify(everyGrey);
      replaceBy(fresh);
    } catch (RuntimeException | Error e) {
      fresh.references().close();
      throw e;
    }
  }

  private void replaceBy(ClassifierModel fresh) {
    ClassifierModel old;
    synchronized (this) {
      if (closed) {
        throw closedException();
      }
      old = model;
      model = fresh;
    }
    old.references().close();
  }

  /** Returns the file of the model in use. */
  public Path file() {
    return model.model().file();
  }

  @Override
  ClassifierModel lease() {
    while (!closed) {
      ClassifierModel now = model;
      if (now.references().acquire()) {
        return now;
      } // else it has been replaced since
    }
    throw closedException();
  }

  @Override
  ClassifierModel current() {
    return model;
  }

  @Override
  public void close() {
    ClassifierModel last;
    synchronized (this) {
      closed = true;
      last = model;
    }
    last.references().close();
  }

  private IllegalStateException closedException() {
    return new IllegalStateException(file() + " is closed; open it again to classify");
  }
}
