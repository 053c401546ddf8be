// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import dev.coracle.CoracleException;
import dev.coracle.inference.ModelCodec;
import dev.coracle.inference.Prediction;
import java.nio.FloatBuffer;
import java.util.List;

/** A query answered with predictions. */
final class ClassificationQuery extends Query {

  private final ModelCodec model;
  private final AnswerFormat format;
  private final JsonLayout layout;

  ClassificationQuery(ModelCodec model, List<?> images, AnswerFormat format, JsonLayout layout) {
    super(model, images);
    this.model = model;
    this.format = format;
    this.layout = layout;
  }

  @Override
  public Answer answer(float[] scores) {
    return format.write(layout, predictions(scores));
  }

  private List<Prediction> predictions(float[] scores) {
    try {
      return model.decode(FloatBuffer.wrap(scores), images().size());
    } catch (CoracleException e) {
      throw new RequestException(400, NO_NUMBERS, e);
    }
  }
}
