// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonToken;
import com.sun.management.OperatingSystemMXBean;
import dev.coracle.OnnxFiles;
import dev.coracle.protocol.Answer;
import dev.coracle.protocol.Json;
import dev.coracle.protocol.RequestBody;
import dev.coracle.protocol.RequestException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.eclipse.jetty.http.HttpHeader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Adds the routes by which SageMaker loads, lists, unloads and calls the models of a multi-model
 * endpoint.
 *
 * @see <a href="https://docs.aws.amazon.com/sagemaker/latest/dg/mms-container-apis.html">Contract
 *     for Custom Containers for Multi-Model Endpoints</a>
 */
final class MultiModelRoutes {

  private static final Logger LOG = LoggerFactory.getLogger(MultiModelRoutes.class);

  private static final int PAGE = 100;
  private static final int MAX_BODY = 1 << 16;

  /** Bytes of memory per byte of a file: its weights are also held packed for the processor. */
  private static final int MEMORY_FACTOR = 2;

  /** Bytes that the process needs besides heap and models: ONNX Runtime, threads, code. */
  private static final long BASE_MEMORY = 128L << 20;

  private final ServerOptions options;
  private final Path folder;
  private final Models models;
  private final Inference inference;
  private final Loader loader;

  MultiModelRoutes(ServerOptions options, Models models, Inference inference, Loader loader) {
    this.options = options;
    this.folder = Objects.requireNonNull(options.modelsFolder()).toAbsolutePath().normalize();
    this.models = models;
    this.inference = inference;
    this.loader = loader;
  }

  void addTo(Routes routes) {
    routes.add("POST", "/models", this::load);
    routes.add("GET", "/models", (e, p) -> e.answer(list(e)));
    routes.add("GET", "/models/{name}", (e, p) -> e.answer(one(p)));
    routes.add("DELETE", "/models/{name}", this::unload);
    routes.add(
        "POST",
        "/models/{name}/invoke",
        (e, p) -> {
          e.withoutMemory(507);
          InferenceRoutes.invoke(e, models.use(name(p), e), options, inference);
        });
  }

  private static String name(Map<String, String> parameters) {
    return String.valueOf(parameters.get("name"));
  }

  private void load(Exchange exchange, Map<String, String> parameters) {
    Callers.checkNoForeignPage(exchange);
    BodyReader.read(
        exchange,
        MAX_BODY,
        body -> loader.run(exchange, () -> exchange.answer(load(exchange, body))));
  }

  private Answer load(Exchange exchange, byte[] body) {
    String encoding = exchange.header(HttpHeader.CONTENT_ENCODING);
    Map<String, String> fields = fields(RequestBody.decoded(encoding, body, MAX_BODY));
    String name = fields.get("model_name");
    String url = fields.get("url");
    if (name == null || url == null) {
      throw new RequestException(400, "expected {\"model_name\": \"...\", \"url\": \"...\"}");
    }
    if (!Models.isName(name)) {
      throw new RequestException(400, "expected as model_name " + Models.NAME_RULE);
    }
    models.checkFree(name);
    Path file = file(url);
    checkMemory(file);
    try {
      Models.Loaded model = models.load(name, file, url);
      LOG.info("loaded {}, version {}", name, model.version());
      return Json.answer(json -> describe(json, model));
    } catch (OutOfMemoryError e) {
      throw new RequestException(507, "no memory for another model; unload one first");
    }
  }

  /** Returns the string fields of a JSON object. */
  private static Map<String, String> fields(byte[] body) {
    return Json.read(
        body,
        json -> {
          if (json.currentToken() != JsonToken.START_OBJECT) {
            throw new RequestException(400, "expected a JSON object with model_name and url");
          }
          Map<String, String> fields = new HashMap<>();
          while (json.nextToken() == JsonToken.FIELD_NAME) {
            String key = json.currentName();
            if (json.nextToken() == JsonToken.VALUE_STRING) {
              fields.put(key, json.getText());
            } else {
              json.skipChildren();
            }
          }
          return fields;
        });
  }

  /** Returns the ONNX file at a place below the folder, or the only one in a folder there. */
  private Path file(String url) {
    try {
      // Checked before the file system is asked, so that answers do not reveal what else exists.
      if (!Path.of(url).toAbsolutePath().normalize().startsWith(folder)) {
        throw new RequestException(400, "expected a url below the folder of models");
      }
      Path place = inside(Path.of(url));
      if (!Files.isDirectory(place)) {
        return place;
      }
      List<Path> files = OnnxFiles.in(place);
      if (files.size() != 1) {
        throw new RequestException(
            400,
            "expected one .onnx file at the url, found " + (files.isEmpty() ? "none" : "more"));
      }
      return inside(files.get(0));
    } catch (IOException | InvalidPathException e) {
      throw new RequestException(404, "there is nothing at the url that can be read");
    }
  }

  /** Resolves links; a path that leads out of the folder counts as missing. */
  private Path inside(Path path) throws IOException {
    Path real = path.toRealPath();
    if (!real.startsWith(folder.toRealPath())) {
      throw new NoSuchFileException(path.toString());
    }
    return real;
  }

  /** Answers 507 if memory is short, upon which SageMaker unloads other models and tries again. */
  private void checkMemory(Path file) {
    OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    long room =
        system.getTotalMemorySize() - Runtime.getRuntime().maxMemory() - BASE_MEMORY; // container's
    long needed = MEMORY_FACTOR * size(file);
    for (Models.Loaded model : models.all()) {
      needed += MEMORY_FACTOR * size(model.file());
    }
    if (needed > room) {
      throw new RequestException(
          507,
          "with this model all would need about %d bytes, of %d; unload one first"
              .formatted(needed, Math.max(0, room)));
    }
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      return 0; // missing, or opening it will report why
    }
  }

  private Answer list(Exchange exchange) {
    String token = exchange.query("next_page_token");
    Collection<Models.Loaded> all = models.all();
    List<Models.Loaded> page =
        all.stream()
            .filter(model -> token == null || model.name().compareTo(token) >= 0)
            .limit(PAGE + 1)
            .toList();
    return Json.answer(
        json -> {
          json.writeStartObject();
          json.writeArrayFieldStart("models");
          for (Models.Loaded model : page.subList(0, Math.min(PAGE, page.size()))) {
            describe(json, model);
          }
          json.writeEndArray();
          if (page.size() > PAGE) {
            json.writeStringField("nextPageToken", page.get(PAGE).name());
          }
          json.writeEndObject();
        });
  }

  private Answer one(Map<String, String> parameters) {
    Models.Loaded model = models.get(name(parameters));
    return Json.answer(json -> describe(json, model));
  }

  private void unload(Exchange exchange, Map<String, String> parameters) {
    Callers.checkNoForeignPage(exchange);
    loader.run(exchange, () -> unload(exchange, models.get(name(parameters))));
  }

  private void unload(Exchange exchange, Models.Loaded model) {
    CompletableFuture<?> unused =
        models
            .unload(model.name())
            .whenComplete(
                (nothing, failure) -> {
                  if (failure != null) {
                    exchange.failed(failure);
                    return;
                  }
                  LOG.info("unloaded {}", model.name());
                  exchange.answer(Json.answer(json -> describe(json, model)));
                });
  }

  private static void describe(JsonGenerator json, Models.Loaded model) throws IOException {
    json.writeStartObject();
    json.writeStringField("modelName", model.name());
    json.writeStringField("modelUrl", model.url());
    json.writeEndObject();
  }
}
