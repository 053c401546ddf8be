// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.coracle.inference.Prediction;
import java.io.IOException;
import java.util.List;

/** The layouts of an answer in JSON; the layout of the request decides which one is used. */
enum JsonLayout {
  /** {@code [[p0, ..., p9], ...]}. */
  PROBABILITIES {
    @Override
    void write(JsonGenerator json, List<Prediction> predictions) throws IOException {
      rows(json, predictions);
    }
  },
  /** {@code {"outputs": [[p0, ..., p9], ...]}}. */
  OUTPUTS {
    @Override
    void write(JsonGenerator json, List<Prediction> predictions) throws IOException {
      json.writeStartObject();
      json.writeFieldName("outputs");
      rows(json, predictions);
      json.writeEndObject();
    }
  },
  /** {@code {"predictions": [{"index": 7, ...}, ...]}}. */
  PREDICTIONS {
    @Override
    void write(JsonGenerator json, List<Prediction> predictions) throws IOException {
      json.writeStartObject();
      json.writeArrayFieldStart("predictions");
      for (Prediction prediction : predictions) {
        one(json, prediction);
      }
      json.writeEndArray();
      json.writeEndObject();
    }
  },
  /** {@code {"digits": [7, ...]}}. */
  DIGITS {
    @Override
    void write(JsonGenerator json, List<Prediction> predictions) throws IOException {
      json.writeStartObject();
      digits(json, predictions);
      json.writeEndObject();
    }
  },
  /** {@code {"digits": [7, ...], "probabilities": [[p0, ..., p9], ...]}}. */
  DIGITS_AND_PROBABILITIES {
    @Override
    void write(JsonGenerator json, List<Prediction> predictions) throws IOException {
      json.writeStartObject();
      digits(json, predictions);
      json.writeFieldName("probabilities");
      rows(json, predictions);
      json.writeEndObject();
    }
  };

  abstract void write(JsonGenerator json, List<Prediction> predictions) throws IOException;

  /** Writes {@code {"index": 7, "label": "7", "probability": 0.998, "probabilities": [...]}}. */
  static void one(JsonGenerator json, Prediction prediction) throws IOException {
    json.writeStartObject();
    json.writeNumberField("index", prediction.index());
    json.writeStringField("label", prediction.label());
    json.writeNumberField("probability", prediction.probability());
    json.writeFieldName("probabilities");
    row(json, prediction.probabilities());
    json.writeEndObject();
  }

  private static void digits(JsonGenerator json, List<Prediction> predictions) throws IOException {
    json.writeArrayFieldStart("digits");
    for (Prediction prediction : predictions) {
      json.writeNumber(prediction.index());
    }
    json.writeEndArray();
  }

  private static void rows(JsonGenerator json, List<Prediction> predictions) throws IOException {
    json.writeStartArray();
    for (Prediction prediction : predictions) {
      row(json, prediction.probabilities());
    }
    json.writeEndArray();
  }

  /** Writes an array of numbers. */
  static void row(JsonGenerator json, float[] values) throws IOException {
    json.writeStartArray();
    for (float value : values) {
      json.writeNumber(value);
    }
    json.writeEndArray();
  }
}
