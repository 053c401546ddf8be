// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import dev.coracle.Version;
import dev.coracle.protocol.Answer;
import dev.coracle.protocol.Json;
import dev.coracle.protocol.OpenInference;
import dev.coracle.protocol.Query;
import dev.coracle.protocol.RequestException;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Adds the routes of the Open Inference Protocol, version 2, and of its extension that lists and
 * reloads models.
 *
 * @see <a href="https://github.com/kserve/open-inference-protocol">The specification</a>
 */
final class OpenInferenceRoutes {

  private static final Logger LOG = LoggerFactory.getLogger(OpenInferenceRoutes.class);

  private final Health health;
  private final Models models;
  private final Inference inference;
  private final Loader loader;

  OpenInferenceRoutes(Health health, Models models, Inference inference, Loader loader) {
    this.health = health;
    this.models = models;
    this.inference = inference;
    this.loader = loader;
  }

  void addTo(Routes routes) {
    for (String path : new String[] {"/v2", "/v2/"}) { // the specification has both
      routes.add("GET", path, (e, p) -> e.answer(server()));
    }
    routes.add("GET", "/v2/health/live", (e, p) -> e.answer(live()));
    routes.add("GET", "/v2/health/ready", (e, p) -> ready(e));
    for (String model :
        new String[] {"/v2/models/{name}", "/v2/models/{name}/versions/{version}"}) {
      routes.add("GET", model, (e, p) -> metadata(e, model(p)));
      routes.add("GET", model + "/ready", (e, p) -> modelReady(e, model(p)));
      routes.add("POST", model + "/infer", this::infer);
    }
    routes.add("POST", "/v2/repository/index", (e, p) -> e.answer(index()));
    routes.add("POST", "/v2/repository/models/{name}/load", this::load);
  }

  private Models.Loaded model(Map<String, String> parameters) {
    checkLoaded();
    return checkVersion(models.get(name(parameters)), parameters);
  }

  private void checkLoaded() {
    if (models.all().isEmpty() && !health.isReady()) {
      throw new RequestException(503, health.reason());
    }
  }

  private static String name(Map<String, String> parameters) {
    return String.valueOf(parameters.get("name"));
  }

  private static Models.Loaded checkVersion(Models.Loaded found, Map<String, String> parameters) {
    String version = parameters.get("version");
    if (version != null && !version.equals(found.version())) {
      throw new RequestException(
          404, "model '%s' has the version %s only".formatted(found.name(), found.version()));
    }
    return found;
  }

  private static Answer server() {
    return Json.answer(
        json -> {
          json.writeStartObject();
          json.writeStringField("name", "coracle");
          json.writeStringField("version", Version.CORACLE);
          json.writeArrayFieldStart("extensions");
          json.writeString("model_repository");
          json.writeEndArray();
          json.writeEndObject();
        });
  }

  private static Answer live() {
    return Json.answer(
        json -> {
          json.writeStartObject();
          json.writeBooleanField("live", true);
          json.writeEndObject();
        });
  }

  private void ready(Exchange exchange) {
    boolean ready = health.isReady();
    Answer answer =
        Json.answer(
            json -> {
              json.writeStartObject();
              if (!ready) {
                json.writeStringField("error", health.reason());
              }
              json.writeBooleanField("live", true);
              json.writeBooleanField("ready", ready);
              json.writeEndObject();
            });
    exchange.answer(ready ? 200 : 503, answer);
  }

  private void metadata(Exchange exchange, Models.Loaded model) {
    exchange.answer(OpenInference.metadata(model.codec(), model.name(), model.version()));
  }

  private void modelReady(Exchange exchange, Models.Loaded model) {
    if (!health.isReady()) {
      throw new RequestException(503, health.reason());
    }
    exchange.answer(
        Json.answer(
            json -> {
              json.writeStartObject();
              json.writeStringField("name", model.name());
              json.writeBooleanField("ready", true);
              json.writeEndObject();
            }));
  }

  private void infer(Exchange exchange, Map<String, String> parameters) {
    checkLoaded();
    Models.Loaded model = checkVersion(models.use(name(parameters), exchange), parameters);
    inference.handle(
        exchange, model, (m, body) -> Query.infer(m.codec(), m.name(), m.version(), body));
  }

  private Answer index() {
    return Json.answer(
        json -> {
          json.writeStartArray();
          for (Models.Loaded model : models.all()) {
            json.writeStartObject();
            json.writeStringField("name", model.name());
            json.writeStringField("version", model.version());
            json.writeStringField("state", "READY");
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  private void load(Exchange exchange, Map<String, String> parameters) {
    Callers.checkLocal(exchange);
    String name = model(parameters).name();
    loader.run(exchange, () -> reload(exchange, name));
  }

  private void reload(Exchange exchange, String name) {
    Models.Loaded fresh = models.reload(name);
    LOG.info("reloaded {}, version {}", name, fresh.version());
    exchange.answer(
        Json.answer(
            json -> {
              json.writeStartObject();
              json.writeStringField("name", name);
              json.writeStringField("version", fresh.version());
              json.writeEndObject();
            }));
  }
}
