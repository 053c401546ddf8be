// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import dev.coracle.CoracleException;
import java.nio.file.Path;

/**
 * A classifier whose model can be replaced while it is in use: calls under way finish on the model
 * with which they began, later ones get the new one, and none fails because of it. Each answer
 * comes from one model, even for a list. Thread-safe.
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
  private volatile ModelOptions options;

  /** Written under this object's lock. */
  private volatile boolean closed;

  private ReloadableClassifier(ClassifierModel model, ModelOptions options) {
    this.model = model;
    this.options = options;
  }

  /** Opens a file with {@link ModelOptions#DEFAULTS}. */
  public static ReloadableClassifier open(Path file) {
    return open(file, ModelOptions.DEFAULTS);
  }

  /** Opens a file as {@link Classifier#open(Path, ModelOptions)} does. */
  public static ReloadableClassifier open(Path file, ModelOptions options) {
    return new ReloadableClassifier(ClassifierModel.open(file, options), options);
  }

  /**
   * Does what {@link #reload(Path, ModelOptions)} does, with the options of the model in use. If
   * those pin a SHA-256, no other content is accepted.
   */
  public void reload(Path file) {
    reload(file, options);
  }

  /**
   * Opens a file, which may be the same path with other content, runs it once, on an image of many
   * grey values, and then replaces the model in use. If anything fails, the model in use stays.
   * Once this returns, calls that begin get the new model. That may have other classes: take the
   * label from the {@link Prediction}, not from {@link #labels}, which may belong to another model
   * by then.
   *
   * @throws InvalidModelException if the file is missing or not such a model, as for {@link
   *     Classifier#open}, or takes images of another size
   * @throws CoracleException if the file is unreadable, or the model fails
   * @throws IllegalStateException after {@link #close}
   */
  public void reload(Path file, ModelOptions options) {
    if (closed) {
      throw closedException();
    }
    ClassifierModel fresh = ClassifierModel.open(file, options);
    ClassifierModel old;
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
      old = replaceBy(fresh, options);
    } catch (RuntimeException | Error e) {
      fresh.references().close();
      throw e;
    }
    old.references().close();
  }

  private synchronized ClassifierModel replaceBy(ClassifierModel fresh, ModelOptions with) {
    if (closed) {
      throw closedException();
    }
    ClassifierModel old = model;
    model = fresh;
    options = with;
    return old;
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
