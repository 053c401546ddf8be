// SPDX-License-Identifier: Apache-2.0
package dev.coracle.google;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.function.FunctionFolder;
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
import java.util.Map;
import java.util.spi.ToolProvider;
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
    Path model = TestModel.mnist().write(folder.resolve("m.onnx"));
    check(
        System.getProperty("surefire.test.class.path"), Map.of("CORACLE_MODEL", model.toString()));
  }

  /** The folder of docs/clouds.md, which Google's builder takes as a function that is built. */
  @Test
  void functionOfTheDistribution_inGooglesServer_answersEachVector() throws Exception {
    Path workspace = folder.resolve("workspace");
    FunctionFolder.write(workspace, "functions-framework-api");
    Path jar = FunctionFolder.copyJar("coracle", workspace);
    Path manifest =
        Files.writeString(
            folder.resolve("manifest"),
            "Class-Path: " + String.join(" ", FunctionFolder.jars(workspace)) + "\n");
    int status =
        ToolProvider.findFirst("jar")
            .orElseThrow()
            .run(
                System.out,
                System.err,
                "--update",
                "--file",
                jar.toString(),
                "--manifest",
                manifest.toString());
    assertThat(status).isZero();
    check(
        jar.toString(),
        Map.of(
            "JAVA_TOOL_OPTIONS",
            "-Donnxruntime.native.path=" + workspace.resolve("native"),
            "XDG_CACHE_HOME",
            "/proc/none")); // there is no place for a cache
  }

  private void check(String classPath, Map<String, String> environment) throws Exception {
    int port = freePort();
    Path log = folder.resolve("log");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-jar",
                "target/google/java-function-invoker.jar",
                "--classpath",
                classPath,
                "--target",
                MnistFunction.class.getName(),
                "--port",
                Integer.toString(port))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().putAll(environment);
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
    vector.headers().forEach(request::header);
    return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
  }
}
