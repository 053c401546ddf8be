// SPDX-License-Identifier: Apache-2.0
package dev.coracle.function;

import dev.coracle.Version;
import dev.coracle.inference.TestModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What docs/clouds.md takes from the distribution for a function that is deployed. */
public final class FunctionFolder {

  private static final Path DIST = Path.of("target", "coracle-" + Version.CORACLE + "-dist");

  private FunctionFolder() {}

  /**
   * Writes {@code lib}, {@code native} and the model of the vectors.
   *
   * @param jars the artifacts in lib besides ONNX Runtime and Jackson
   */
  public static void write(Path folder, String... jars) throws IOException {
    Path lib = Files.createDirectories(folder.resolve("lib"));
    for (String jar : jars) {
      copyJar(jar, lib);
    }
    copyJar("onnxruntime", lib);
    copyJar("jackson-core", lib);
    Path natives = Files.createDirectory(folder.resolve("native"));
    for (Path file : list(DIST.resolve("native"))) {
      Files.copy(file, natives.resolve(file.getFileName()));
    }
    TestModel.mnist().write(folder.resolve("model.onnx"));
  }

  /** Copies an artifact's jar out of the distribution. */
  public static Path copyJar(String artifact, Path folder) throws IOException {
    for (Path file : list(DIST.resolve("lib"))) {
      if (file.getFileName().toString().matches(artifact + "-\\d.*\\.jar")) {
        return Files.copy(file, folder.resolve(file.getFileName()));
      }
    }
    throw new IllegalArgumentException("no " + artifact + " in " + DIST);
  }

  /** Returns the jars in lib as paths from the folder. */
  public static List<String> jars(Path folder) throws IOException {
    return list(folder.resolve("lib")).stream().map(jar -> "lib/" + jar.getFileName()).toList();
  }

  private static List<Path> list(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }
}
