// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import dev.coracle.inference.ModelCodec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Answers with a tensor of the model's raw scores, by the Open Inference Protocol. */
final class InferQuery extends Query {

  private final ModelCodec model;
  private final String name;
  private final String version;
  private final @Nullable String id;

  /** Makes a query; the answer echoes {@code id}, if there is one. */
  InferQuery(ModelCodec model, String name, String version, @Nullable String id, List<?> images) {
    super(model, images);
    this.model = model;
    this.name = name;
    this.version = version;
    this.id = id;
  }

  @Override
  public Answer answer(float[] scores) {
    for (float score : scores) {
      if (!Float.isFinite(score)) { // JSON has no way to write it
        throw RequestException.badRequest(NO_NUMBERS);
      }
    }
    return Json.answer(
        json -> {
          json.writeStartObject();
          json.writeStringField("model_name", name);
          json.writeStringField("model_version", version);
          if (id != null) {
            json.writeStringField("id", id);
          }
          json.writeArrayFieldStart("outputs");
          json.writeStartObject();
          json.writeStringField("name", model.output().name());
          json.writeArrayFieldStart("shape");
          json.writeNumber(images().size());
          json.writeNumber(scores.length / images().size());
          json.writeEndArray();
          json.writeStringField("datatype", OpenInference.datatype(model.output()));
          json.writeFieldName("data");
          JsonLayout.row(json, scores);
          json.writeEndObject();
          json.writeEndArray();
          json.writeEndObject();
        });
  }
}
