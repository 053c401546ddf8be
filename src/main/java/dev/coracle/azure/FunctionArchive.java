// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import dev.coracle.AtomicFile;
import dev.coracle.CoracleException;
import dev.coracle.Version;
import dev.coracle.function.ClassifyFunction;
import dev.coracle.inference.Classifier;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes the zip file that Azure Functions runs: {@link MnistFunction} with a model, and those of
 * this program's libraries that it takes to answer a request. ONNX Runtime's jar keeps only the
 * native libraries for Linux x64, so that the archive with {@code train}'s model has 17 MB instead
 * of 61.
 *
 * <p>At its root are host.json, the jar of Coracle and the model, below it lib/*.jar and
 * mnist_classify/function.json: the layout that azure-functions-maven-plugin stages. Names are
 * sorted and times fixed, so that the same model and the same program give the same bytes.
 */
public final class FunctionArchive {

  /**
   * The file that azure-functions-maven-plugin generates from the annotations of {@link
   * MnistFunction}.
   */
  private static final String FUNCTION_JSON =
      """
      {
        "scriptFile": "../%s",
        "entryPoint": "dev.coracle.azure.MnistFunction.run",
        "bindings": [
          {
            "type": "httpTrigger",
            "direction": "in",
            "name": "request",
            "route": "classify",
            "methods": ["GET", "POST"],
            "authLevel": "ANONYMOUS"
          },
          {
            "type": "http",
            "direction": "out",
            "name": "$return"
          }
        ]
      }
      """;

  /** Later than 1980-01-01, for which Java adds an extra timestamp in the machine's time zone. */
  private static final LocalDateTime TIME = LocalDateTime.of(1980, 2, 1, 0, 0);

  private FunctionArchive() {}

  /**
   * Writes an archive. The model is opened first, as the function will open it; nothing is written
   * if that fails.
   *
   * @throws CoracleException if the model is invalid or cannot be read, a library cannot be found,
   *     or the archive cannot be written; an earlier archive is then unchanged
   */
  public static void write(Path model, Path archive) {
    Classifier.open(model).close();
    String jar = "coracle-" + Version.CORACLE + ".jar";
    try {
      if (Files.exists(archive) && Files.isSameFile(model, archive)) {
        throw new IOException("it is the model; choose another name");
      }
      SortedMap<String, AtomicFile.Content> entries = new TreeMap<>();
      entries.put("host.json", FunctionArchive::copyHostJson);
      entries.put(
          "mnist_classify/function.json",
          out -> out.write(FUNCTION_JSON.formatted(jar).getBytes(StandardCharsets.UTF_8)));
      entries.put(ClassifyFunction.MODEL_FILE, out -> Files.copy(model, out));
      entries.put(jar, Libraries.coracle());
      Libraries.others().forEach((name, content) -> entries.put("lib/" + name, content));
      AtomicFile.write(archive, out -> zip(entries, Deflater.DEFAULT_COMPRESSION, out));
    } catch (IOException e) {
      throw new CoracleException(
          "cannot write %s: %s".formatted(archive, CoracleException.reason(e)), e);
    }
  }

  private static void copyHostJson(OutputStream out) throws IOException {
    try (InputStream in = FunctionArchive.class.getResourceAsStream("host.json")) {
      Objects.requireNonNull(in, "host.json is missing from the jar").transferTo(out);
    }
  }

  /**
   * Writes a zip file, which may be an entry of another: the stream stays open.
   *
   * @param level of {@link java.util.zip.Deflater}
   */
  static void zip(SortedMap<String, AtomicFile.Content> entries, int level, OutputStream out)
      throws IOException {
    ZipOutputStream zip = new ZipOutputStream(out);
    zip.setLevel(level);
    for (Map.Entry<String, AtomicFile.Content> content : entries.entrySet()) {
      ZipEntry entry = new ZipEntry(content.getKey());
      entry.setTimeLocal(TIME);
      zip.putNextEntry(entry);
      content.getValue().writeTo(zip);
      zip.closeEntry();
    }
    zip.finish();
  }
}
