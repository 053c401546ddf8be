// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import dev.coracle.inference.Classifier;
import dev.coracle.inference.InvalidInputException;
import dev.coracle.inference.ModelCodec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Holds the images of one request, and makes its answer from the model's scores for them. Immutable
 * and thread-safe.
 *
 * <pre>{@code
 * Query query = Query.invocation(classifier.codec(), body, "application/json");
 * Answer answer = query.answer(classifier.scores(query.images()));
 * }</pre>
 *
 * <p>Any error in a request gives a {@link RequestException}, whose message is for the sender and
 * quotes at most 40 characters of the request.
 */
public abstract class Query {

  /** Blames the values: the model was tried out when it was opened, these values were not. */
  static final String NO_NUMBERS =
      "the model's output for these images is not a number; send values in the range that it was trained on";

  private final List<?> images;

  Query(ModelCodec model, List<?> images) {
    try {
      model.check(images);
    } catch (InvalidInputException e) {
      throw RequestException.badRequest(e);
    }
    this.images = List.copyOf(images);
  }

  /**
   * Returns the images in a form that {@link Classifier#scores} takes, at least one; unmodifiable.
   */
  public final List<?> images() {
    return images;
  }

  /**
   * Makes the answer.
   *
   * @param scores what {@link Classifier#scores} returns for {@link #images}
   * @throws RequestException 400 if a score is not a number, or not possible for its kind: the
   *     values of the images made the model overflow
   */
  public abstract Answer answer(float[] scores);

  /**
   * Reads a request for inference in any of the forms that SageMaker's hosts and clients use: JSON,
   * CSV, JSON lines, npy, bytes and pictures.
   *
   * @param defaultAccept what to answer to a sender that accepts anything: application/json or
   *     another of the four formats
   * @throws RequestException 400, 406, 413 or 415
   * @throws IllegalArgumentException if there is no answer format that {@code defaultAccept}
   *     includes
   */
  public static Query invocation(ModelCodec model, RequestBody body, String defaultAccept) {
    RequestReader.checkNotEmpty(body);
    RequestFormat.Typed typed = RequestFormat.of(body);
    AnswerFormat answer = AnswerFormat.choose(body.accept(), defaultAccept);
    RequestReader.Images read = RequestReader.read(model, typed, body.bytes());
    return new ClassificationQuery(
        model, read.images(), predictions -> answer.write(read.layout(), predictions));
  }

  /**
   * Checks a {@code defaultAccept} for {@link #invocation}.
   *
   * @throws IllegalArgumentException if there is no answer format that it includes
   */
  public static void checkDefaultAccept(String defaultAccept) {
    AnswerFormat.byDefault(defaultAccept);
  }

  /**
   * Reads a request in the same forms, but also takes it for JSON if it declares plain text, a form
   * or no type. The answer is always JSON, {@code {"digits": [7, ...]}}, with {@code
   * "probabilities": [[...], ...]} if they are wanted.
   *
   * @throws RequestException 400, 413 or 415
   */
  public static Query classify(ModelCodec model, RequestBody body, boolean probabilities) {
    RequestReader.checkNotEmpty(body);
    RequestFormat.Typed typed = RequestFormat.ofLenient(body);
    RequestReader.Images read = RequestReader.read(model, typed, body.bytes());
    JsonLayout layout = probabilities ? JsonLayout.DIGITS_AND_PROBABILITIES : JsonLayout.DIGITS;
    return new ClassificationQuery(
        model, read.images(), predictions -> Json.answer(json -> layout.write(json, predictions)));
  }

  /**
   * Reads the parameter {@code probabilities} of a query, for {@link #classify}.
   *
   * @param value null where there is none
   * @throws RequestException 400 for values other than true and false
   */
  public static boolean wantsProbabilities(@Nullable String value) {
    if (value != null && !value.equals("true") && !value.equals("false")) {
      throw new RequestException(400, "expected probabilities=true or false in the query");
    }
    return "true".equals(value);
  }

  /**
   * Reads an inference request of the Open Inference Protocol, version 2, whose answer has the
   * model's raw scores.
   *
   * @param name of the model, for the answer
   * @param version of the model, for the answer
   * @throws RequestException 400, 413 or 415
   */
  public static Query infer(ModelCodec model, String name, String version, RequestBody body) {
    RequestReader.checkNotEmpty(body);
    RequestFormat.Typed typed = RequestFormat.of(body);
    if (typed.format() != RequestFormat.JSON) {
      throw new RequestException(
          415,
          "expected the Content-Type application/json for inference by the Open Inference"
              + " Protocol, got "
              + Quote.text(typed.type().name()));
    }
    if (typed.type().parameter("scale") != null) {
      throw RequestException.badRequest(
          "scale= is not for the Open Inference Protocol, whose numbers are the model's input; leave it out");
    }
    InferRequest.Content content = InferRequest.read(model, body.bytes());
    return new InferQuery(model, name, version, content.id(), content.images());
  }
}
