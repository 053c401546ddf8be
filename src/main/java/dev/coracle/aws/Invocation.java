// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import dev.coracle.CoracleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.sagemakerruntime.model.ModelErrorException;

/** Sends files to an endpoint. */
public final class Invocation {

  private static final Map<String, String> CONTENT_TYPES =
      new TreeMap<>(
          Map.of(
              "png", "image/png",
              "jpg", "image/jpeg",
              "jpeg", "image/jpeg",
              "json", "application/json",
              "csv", "text/csv",
              "npy", "application/x-npy",
              "raw", "application/octet-stream"));

  private Invocation() {}

  /**
   * Returns the content type for the extension of a file's name.
   *
   * @throws CoracleException for any other extension
   */
  public static String contentType(Path file) {
    String name = String.valueOf(file.getFileName());
    String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    String type = CONTENT_TYPES.get(ending);
    if (type == null) {
      throw new CoracleException(
          "%s: the content type is told by the end of the name; expected one of .%s"
              .formatted(file, String.join(", .", CONTENT_TYPES.keySet())));
    }
    return type;
  }

  /**
   * Returns the endpoint's answer, requested as JSON, on one line.
   *
   * @throws CoracleException when there is no such endpoint or it refuses the file, with what the
   *     container said
   */
  public static String invoke(Aws aws, String endpoint, Path file) {
    String name = ResourceName.name(endpoint);
    byte[] body = read(file);
    return Failures.call(
        "send %s to endpoint %s".formatted(file, name),
        () -> {
          try {
            String answer =
                aws.runtime()
                    .invokeEndpoint(
                        request ->
                            request
                                .endpointName(name)
                                .contentType(contentType(file))
                                .accept("application/json")
                                .body(SdkBytes.fromByteArray(body)))
                    .body()
                    .asString(StandardCharsets.UTF_8);
            return Text.line(answer);
          } catch (ModelErrorException e) {
            throw new CoracleException(
                "endpoint %s refuses %s: the container answers %d: %s"
                    .formatted(
                        name,
                        file,
                        e.originalStatusCode(),
                        Text.line(String.valueOf(e.originalMessage()))),
                e);
          }
        });
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new CoracleException(
          "cannot read %s: %s".formatted(file, CoracleException.reason(e)), e);
    }
  }
}
