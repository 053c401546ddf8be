// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import dev.coracle.CoracleException;
import dev.coracle.inference.ModelCodec;
import dev.coracle.inference.Prediction;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.Function;

/** A query answered with predictions. */
final class ClassificationQuery extends Query {

  private final ModelCodec model;
  private final Function<List<Prediction>, Answer> answer;

  ClassificationQuery(ModelCodec model, List<?> images, Function<List<Prediction>, Answer> answer) {
    super(model, images);
    this.model = model;
    this.answer = answer;
  }

  @Override
  public Answer answer(float[] scores) {
    return answer.apply(predictions(scores));
  }

  private List<Prediction> predictions(float[] scores) {
    try {
      return model.decode(FloatBuffer.wrap(scores), images().size());
    } catch (CoracleException e) {
      throw new RequestException(400, NO_NUMBERS, e);
    }
  }
}
