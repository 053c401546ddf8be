// SPDX-License-Identifier: Apache-2.0
package dev.coracle.function;

import dev.coracle.CoracleException;
import dev.coracle.inference.Classifier;
import dev.coracle.protocol.Answer;
import dev.coracle.protocol.Query;
import dev.coracle.protocol.RequestBody;
import dev.coracle.protocol.RequestException;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Classifies the images of an HTTP request: POST with {@code {"data": [...]}} or any other form
 * that the server takes gives {@code {"digits": [...]}}, as the server's {@code /api/classify}
 * does; GET answers with a hint. Never throws: errors in a request are reported in its answer.
 * Thread-safe.
 */
public final class ClassifyFunction {

  /**
   * The name of the model that is deployed with a function, beside the jar or in the folder above.
   */
  public static final String MODEL_FILE = "model.onnx";

  /** Most bytes in a body: the clouds' own limits are lower or much higher. */
  private static final int MAX_BODY_BYTES = 32 << 20;

  private static final System.Logger LOG = System.getLogger(ClassifyFunction.class.getName());

  private final Supplier<Classifier> model;

  /**
   * Prepares a function; nothing is opened before the first POST.
   *
   * @param model called at each POST; returns a model that stays open; may throw CoracleException
   */
  public ClassifyFunction(Supplier<Classifier> model) {
    this.model = model;
  }

  /**
   * Returns the function of this process, which opens its model at the first POST and keeps it: the
   * one that {@code CORACLE_MODEL} names, else model.onnx beside the jar or in the folder above.
   */
  public static ClassifyFunction shared() {
    return Shared.FUNCTION;
  }

  /** Shared by all instances that a cloud creates: Azure creates one per call. */
  private static final class Shared {
    static final ClassifyFunction FUNCTION = new ClassifyFunction(new LazyModel()::get);
  }

  /**
   * A request.
   *
   * @param probabilities the parameter of that name in the query, null where there is none
   * @param body not copied
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Call(
      String method,
      @Nullable String contentType,
      @Nullable String contentEncoding,
      @Nullable String probabilities,
      byte[] body) {}

  /**
   * An answer.
   *
   * @param headers headers other than Content-Type
   */
  public record Reply(int status, Answer answer, Map<String, String> headers) {

    private static Reply of(int status, Answer answer) {
      return new Reply(status, answer, Map.of());
    }
  }

  /** Answers a request. */
  public Reply answer(Call call) {
    try {
      return switch (call.method()) {
        case "GET", "HEAD" -> Reply.of(200, Answer.CLASSIFY_HINT);
        case "POST" -> classify(call);
        default ->
            new Reply(
                405,
                Answer.error("expected POST with images, or GET"),
                Map.of("Allow", "GET, HEAD, POST"));
      };
    } catch (RequestException e) {
      return Reply.of(e.status(), Answer.error(String.valueOf(e.getMessage())));
    } catch (OutOfMemoryError e) {
      return Reply.of(503, Answer.error("no memory for a request like this; send fewer images"));
    } catch (RuntimeException | Error e) {
      LOG.log(System.Logger.Level.ERROR, "the function failed", e);
      return Reply.of(500, Answer.error("the function failed; its log says how"));
    }
  }

  private Reply classify(Call call) {
    Classifier classifier;
    try {
      classifier = model.get();
    } catch (CoracleException e) { // the sender cannot fix this
      LOG.log(System.Logger.Level.ERROR, e.getMessage());
      return Reply.of(500, Answer.error("the function has no model that it can read; see its log"));
    }
    byte[] bytes = RequestBody.decoded(call.contentEncoding(), call.body(), MAX_BODY_BYTES);
    boolean wanted = Query.wantsProbabilities(call.probabilities());
    Query query =
        Query.classify(
            classifier.codec(), new RequestBody(call.contentType(), null, bytes), wanted);
    return Reply.of(200, query.answer(classifier.scores(query.images())));
  }
}
