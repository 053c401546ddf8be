// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import dev.coracle.CoracleException;
import dev.coracle.OnnxFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Says how a model is to be served for an endpoint or a batch transform, from the variables of the
 * process.
 *
 * @param model the only ONNX file from model.tar.gz; null for a multi-model endpoint
 * @param models the folder of the models of a multi-model endpoint, else null
 * @param defaultAccept content type of answers to clients that ask for none
 */
public record ServingEnvironment(
    @Nullable Path model,
    @Nullable Path models,
    int port,
    String defaultAccept,
    int maxBodyBytes,
    Duration deadline) {

  private static final int MEGABYTE = 1 << 20;

  /** A real-time endpoint's limit is 25 MB; this leaves room for JSON and base64. */
  private static final int DEFAULT_MEGABYTES = 32;

  /** A batch transform's limit, used where none is set (0). */
  private static final int BATCH_MEGABYTES = 100;

  /** SageMaker gives up after 60 s; an answer that gives the reason must arrive before that. */
  private static final int DEFAULT_SECONDS = 55;

  /**
   * Reads the environment of this process.
   *
   * @throws CoracleException if a variable has an invalid value, or the model's folder has no ONNX
   *     file or several
   */
  public static ServingEnvironment read(Map<String, String> environment) {
    ContainerFolders folders = ContainerFolders.of(environment);
    boolean many = Variables.flag(environment, "SAGEMAKER_MULTI_MODEL");
    int megabytes =
        Variables.number(environment, "SAGEMAKER_MAX_PAYLOAD_IN_MB", DEFAULT_MEGABYTES, 0, 1024);
    int seconds =
        Variables.number(environment, "SAGEMAKER_MODEL_SERVER_TIMEOUT", DEFAULT_SECONDS, 1, 3600);
    return new ServingEnvironment(
        many ? null : onlyModel(folders.model()),
        many ? folders.models() : null,
        Variables.number(environment, "SAGEMAKER_BIND_TO_PORT", 8080, 1, 65535),
        Variables.text(environment, "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "application/json"),
        (megabytes == 0 ? BATCH_MEGABYTES : megabytes) * MEGABYTE,
        Duration.ofSeconds(
            Variables.number(
                environment, "SAGEMAKER_MODEL_SERVER_TIMEOUT_SECONDS", seconds, 1, 3600)));
  }

  private static Path onlyModel(Path folder) {
    try {
      List<Path> files = OnnxFiles.in(folder);
      if (files.size() == 1) {
        return files.get(0);
      }
      throw new CoracleException(
          "expected one .onnx file in %s, found %s; model.tar.gz must have it at its root"
              .formatted(
                  folder,
                  files.isEmpty() ? "none" : files.stream().map(Path::getFileName).toList()));
    } catch (IOException e) {
      throw new CoracleException(
          "cannot read the model's folder: %s; is ModelDataUrl set?"
              .formatted(CoracleException.reason(e)),
          e);
    }
  }
}
