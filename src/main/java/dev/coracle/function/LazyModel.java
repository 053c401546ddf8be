// SPDX-License-Identifier: Apache-2.0
package dev.coracle.function;

import dev.coracle.CoracleException;
import dev.coracle.inference.Classifier;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Opens the model that was deployed with a function, once, when it is first needed. It is the file
 * that the environment variable {@value #VARIABLE} names, else model.onnx beside the jar of this
 * class or in the folder above: the cloud chooses a function's working folder. Thread-safe.
 */
final class LazyModel {

  static final String VARIABLE = "CORACLE_MODEL";

  private final Map<String, String> environment;
  private final @Nullable Path jar;
  private @Nullable Classifier model;

  LazyModel() {
    this(System.getenv(), jar());
  }

  LazyModel(Map<String, String> environment, @Nullable Path jar) {
    this.environment = environment;
    this.jar = jar;
  }

  private static @Nullable Path jar() {
    CodeSource source = LazyModel.class.getProtectionDomain().getCodeSource();
    try {
      return source == null ? null : Path.of(source.getLocation().toURI());
    } catch (URISyntaxException | IllegalArgumentException e) {
      return null; // not in a file system, so nothing is beside it
    }
  }

  /**
   * Returns the model, which is never closed: a function ends with its process.
   *
   * @throws CoracleException if it cannot be opened; the next call tries again
   */
  synchronized Classifier get() {
    if (model == null) {
      model = Classifier.open(file());
    }
    return model;
  }

  private Path file() {
    String named = environment.get(VARIABLE);
    if (named != null && !named.isBlank()) {
      return Path.of(named);
    }
    List<Path> places = new ArrayList<>();
    for (Path folder = jar; folder != null && places.size() < 2; ) {
      folder = folder.getParent();
      if (folder != null) {
        places.add(folder.resolve(ClassifyFunction.MODEL_FILE));
      }
    }
    return places.stream()
        .filter(Files::isRegularFile)
        .findFirst()
        .orElseThrow(
            () ->
                new CoracleException(
                    "the function has no model; put one at one of %s, or let %s name it"
                        .formatted(places, VARIABLE)));
  }
}
