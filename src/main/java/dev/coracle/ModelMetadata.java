// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

/**
 * Names the entries of an ONNX file's {@code metadata_props} that the training side writes and the
 * serving side reads. The file is the only thing passed between the two, so this is the whole
 * contract; a file without these entries still loads, with the defaults given here.
 */
public final class ModelMetadata {

  /** Class labels in the order of the output's last axis, one per line. Default: 0, 1, 2, … */
  public static final String LABELS = "coracle.labels";

  /**
   * What the output's last axis holds: {@link #LOGITS}, {@link #LOG_PROBABILITIES} or {@link
   * #PROBABILITIES}. Default: according to the operator that produces the output, LogSoftmax or
   * Softmax, else logits.
   */
  public static final String OUTPUT_KIND = "coracle.output";

  /** Natural logarithms of probabilities: the output of a log-softmax. */
  public static final String LOG_PROBABILITIES = "log_probabilities";

  /** Scores before a softmax. */
  public static final String LOGITS = "logits";

  /** Probabilities: the output of a softmax. */
  public static final String PROBABILITIES = "probabilities";

  /**
   * Mean of the pixels scaled to [0, 1], a decimal number; a float32 input takes {@code (pixel/255
   * - mean) / std}. Default 0. A uint8 input takes raw pixels 0..255: the graph normalises.
   */
  public static final String MEAN = "coracle.mean";

  /** Standard deviation of the pixels scaled to [0, 1], a decimal number. Default 1. */
  public static final String STD = "coracle.std";

  /** Share of the test images classified correctly when the file was written, 0 to 1. */
  public static final String TEST_ACCURACY = "coracle.test_accuracy";

  /** SHA-256 of the training images and labels, in hexadecimal. */
  public static final String DATA_SHA256 = "coracle.data_sha256";

  /**
   * Versions of the libraries that trained and wrote the model, one {@code name version} per line.
   */
  public static final String VERSIONS = "coracle.versions";

  private ModelMetadata() {}
}
