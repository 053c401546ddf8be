// SPDX-License-Identifier: Apache-2.0
package dev.coracle.google;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.function.Vector;
import dev.coracle.inference.TestModel;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs the function in Google's own server, the one that runs it in the cloud. */
@Timeout(120)
class InvokerIT {

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  @TempDir private Path folder;

  @Test
  void function_inGooglesServer_answersEachVector() throws Exception {
    int port = freePort();
    Path log = folder.resolve("log");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-jar",
                "target/google/java-function-invoker.jar",
                "--classpath",
                System.getProperty("surefire.test.class.path"),
                "--target",
                MnistFunction.class.getName(),
                "--port",
                Integer.toString(port))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder
        .environment()
        .put("CORACLE_MODEL", TestModel.mnist().write(folder.resolve("m.onnx")).toString());
    Process process = builder.start();
    try {
      while (!Files.readString(log).contains("URL:")) {
        assertThat(process.isAlive()).as(Files.readString(log)).isTrue();
        Thread.sleep(50);
      }
      for (Vector vector : Vector.all()) {
        HttpResponse<byte[]> response = send(port, vector);
        vector.check(
            response.statusCode(),
            response.headers().firstValue("Content-Type").orElse(null),
            response.body());
      }
    } finally {
      process.destroy();
      process.waitFor();
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static HttpResponse<byte[]> send(int port, Vector vector) throws Exception {
    String query = vector.probabilities() == null ? "" : "?probabilities=" + vector.probabilities();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/" + query))
            .method(vector.method(), BodyPublishers.ofByteArray(vector.body()));
    if (vector.contentType() != null) {
      request.header("Content-Type", vector.contentType());
    }
    return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
  }
}
