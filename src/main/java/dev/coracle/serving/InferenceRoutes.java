// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import dev.coracle.protocol.Answer;
import dev.coracle.protocol.Json;
import dev.coracle.protocol.Query;
import dev.coracle.protocol.RequestException;

/** Adds the routes of the only model: SageMaker's, and the one for plain JSON. */
final class InferenceRoutes {

  /** Largest payload in a batch transform, in megabytes: SageMaker's own default. */
  private static final int BATCH_MEGABYTES = 6;

  private final ServerOptions options;
  private final Health health;
  private final Models models;
  private final Inference inference;

  InferenceRoutes(ServerOptions options, Health health, Models models, Inference inference) {
    this.options = options;
    this.health = health;
    this.models = models;
    this.inference = inference;
  }

  void addTo(Routes routes) {
    routes.add("GET", "/ping", (e, p) -> e.answer(health.isReady() ? 200 : 503));
    routes.add("GET", "/execution-parameters", (e, p) -> e.answer(executionParameters()));
    if (options.model() != null) {
      routes.add("POST", "/invocations", (e, p) -> invoke(e, only(e), options, inference));
      routes.add("GET", "/api/classify", (e, p) -> e.answer(Answer.CLASSIFY_HINT));
      routes.add("POST", "/api/classify", (e, p) -> classify(e, only(e)));
    }
  }

  /** Runs a request in any form that SageMaker's clients send. */
  static void invoke(
      Exchange exchange, Models.Loaded model, ServerOptions options, Inference inference) {
    inference.handle(
        exchange, model, (m, body) -> Query.invocation(m.codec(), body, options.defaultAccept()));
  }

  private void classify(Exchange exchange, Models.Loaded model) {
    boolean wanted = Query.wantsProbabilities(exchange.query("probabilities"));
    inference.handle(exchange, model, (m, body) -> Query.classify(m.codec(), body, wanted));
  }

  private Models.Loaded only(Exchange exchange) {
    if (models.find(options.name()) == null) {
      throw new RequestException(503, health.reason());
    }
    return models.use(options.name(), exchange);
  }

  /** SageMaker allows 100 MB for all payloads of a batch transform at the same time. */
  private Answer executionParameters() {
    int megabytes = Math.max(1, Math.min(BATCH_MEGABYTES, options.maxBodyBytes() >> 20));
    int transforms = Math.min(100 / megabytes, 2 * Runtime.getRuntime().availableProcessors());
    return Json.answer(
        json -> {
          json.writeStartObject();
          json.writeNumberField("MaxConcurrentTransforms", transforms);
          json.writeStringField("BatchStrategy", "MULTI_RECORD");
          json.writeNumberField("MaxPayloadInMB", megabytes);
          json.writeEndObject();
        });
  }
}
