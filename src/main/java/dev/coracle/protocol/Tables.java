// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import com.fasterxml.jackson.core.io.NumberOutput;
import dev.coracle.inference.Prediction;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Writes predictions, one per line. */
final class Tables {

  private Tables() {}

  /** Writes each image's probabilities, separated by commas; LF ends a line, no header. */
  static byte[] csv(List<Prediction> predictions) {
    StringBuilder csv = new StringBuilder();
    for (Prediction prediction : predictions) {
      char separator = 0;
      for (float probability : prediction.probabilities()) {
        if (separator != 0) {
          csv.append(separator);
        }
        csv.append(NumberOutput.toString(probability, /* useFastWriter= */ true));
        separator = ',';
      }
      csv.append('\n');
    }
    return csv.toString().getBytes(StandardCharsets.US_ASCII);
  }

  /** Writes one object per image, as {@link JsonLayout#one} does. */
  static byte[] jsonLines(List<Prediction> predictions) {
    ByteArrayOutputStream lines = new ByteArrayOutputStream();
    for (Prediction prediction : predictions) {
      lines.writeBytes(Json.bytes(json -> JsonLayout.one(json, prediction)));
      lines.write('\n');
    }
    return lines.toByteArray();
  }
}
