// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import dev.coracle.inference.Classifier;
import dev.coracle.inference.InvalidInputException;
import dev.coracle.inference.ModelCodec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Holds the images of one request, and makes its answer of the scores that the model gives them.
 * Immutable and thread-safe.
 *
 * <pre>{@code
 * Query query = Query.invocation(classifier.codec(), body, "application/json");
 * Answer answer = query.answer(classifier.scores(query.images()));
 * }</pre>
 *
 * <p>Everything that is wrong with a request is a {@link RequestException}, whose message is for
 * its sender and quotes at most 40 characters of it.
 */
public abstract class Query {

  /**
   * The model's file may say otherwise, but it was checked when it was opened, these values not.
   */
  static final String NO_NUMBERS =
      "the model gives no number for these images; send values in the range that it was trained on";

  private final List<?> images;

  Query(ModelCodec model, List<?> images) {
    try {
      model.check(images);
    } catch (InvalidInputException e) {
      throw RequestException.badRequest(e);
    }
    this.images = List.copyOf(images);
  }

  /** Returns the images as {@link Classifier#scores} takes them, at least one; unmodifiable. */
  public final List<?> images() {
    return images;
  }

  /**
   * Makes the answer.
   *
   * @param scores what {@link Classifier#scores} returns for {@link #images}
   * @throws RequestException 400 if a score is not a number, or none of its kind: the values of the
   *     images made the model overflow
   */
  public abstract Answer answer(float[] scores);

  /**
   * Reads a request for inference in any of the forms that SageMaker's hosts and clients use: JSON,
   * CSV, JSON lines, npy, bytes and pictures.
   *
   * @param defaultAccept what to answer to who takes anything, application/json or another of the
   *     four forms
   * @throws RequestException 400, 406, 413 or 415
   * @throws IllegalArgumentException if there is no answer in {@code defaultAccept}
   */
  public static Query invocation(ModelCodec model, RequestBody body, String defaultAccept) {
    RequestReader.checkNotEmpty(body);
    RequestFormat.Typed typed = RequestFormat.of(body);
    AnswerFormat answer = AnswerFormat.choose(body.accept(), defaultAccept);
    RequestReader.Images read = RequestReader.read(model, typed, body.bytes());
    return new ClassificationQuery(model, read.images(), answer, read.layout());
  }

  /**
   * Reads a request in the same forms, but takes it for JSON too where it says that it is plain
   * text, a form or nothing. The answer is JSON always, {@code {"digits": [7, ...]}}, with {@code
   * "probabilities": [[...], ...]} where they are wanted.
   *
   * @throws RequestException 400, 413 or 415
   */
  public static Query classify(ModelCodec model, RequestBody body, boolean probabilities) {
    RequestReader.checkNotEmpty(body);
    RequestFormat.Typed typed = RequestFormat.ofLenient(body);
    RequestReader.Images read = RequestReader.read(model, typed, body.bytes());
    return new ClassificationQuery(
        model,
        read.images(),
        AnswerFormat.JSON,
        probabilities ? JsonLayout.DIGITS_AND_PROBABILITIES : JsonLayout.DIGITS);
  }

  /**
   * Reads the parameter {@code probabilities} of a query, for {@link #classify}.
   *
   * @param value null where there is none
   * @throws RequestException 400 for other values than true and false
   */
  public static boolean wantsProbabilities(@Nullable String value) {
    if (value != null && !value.equals("true") && !value.equals("false")) {
      throw new RequestException(400, "expected probabilities=true or false in the query");
    }
    return "true".equals(value);
  }

  /**
   * Reads a request for inference of the Open Inference Protocol, version 2, whose answer has the
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
    InferRequest.Content content = InferRequest.read(model, body.bytes());
    return new InferQuery(model, name, version, content.id(), content.images());
  }
}
