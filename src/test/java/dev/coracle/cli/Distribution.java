// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.Version;
import dev.coracle.inference.TestModel;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A folder that {@code mvn package} has made, and how a user runs what is in it. */
record Distribution(Path folder) {

  /** Finds the one of this build: {@code dist} or {@code serving-dist}. */
  static Distribution named(String kind) {
    Path folder = Path.of("target", "coracle-" + Version.CORACLE + "-" + kind).toAbsolutePath();
    assertThat(folder).as("made by mvn package").isDirectory();
    return new Distribution(folder);
  }

  /** Returns the file names in one of its folders. */
  List<String> names(String child) throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve(child))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  double megabytes() throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum()
          / 1e6;
    }
  }

  /** Runs a program below {@code bin} with the JVM of this test. */
  Cli run(String program, Object... args) throws IOException, InterruptedException {
    return run(Map.of(), program, args);
  }

  /** Runs a program with more variables of the environment, or, where one is empty, without it. */
  Cli run(Map<String, String> environment, String program, Object... args)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile("coracle", ".out");
    Path err = Files.createTempFile("coracle", ".err");
    Process process =
        builder(environment, program, args)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    if (!process.waitFor(5, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new AssertionError(program + " did not end");
    }
    Cli result = new Cli(process.exitValue(), Files.readString(out), Files.readString(err));
    Files.delete(out);
    Files.delete(err);
    return result;
  }

  /** Starts a program that runs until it is told to stop; what it prints goes to {@code log}. */
  Process start(Map<String, String> environment, Path log, String program, Object... args)
      throws IOException {
    return builder(environment, program, args)
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .start();
  }

  private ProcessBuilder builder(Map<String, String> environment, String program, Object... args) {
    List<String> command = new ArrayList<>();
    command.add(folder.resolve("bin").resolve(program).toString());
    Arrays.stream(args).map(Object::toString).forEach(command::add);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    environment.forEach(builder.environment()::put);
    builder.environment().values().removeIf(String::isEmpty);
    return builder;
  }

  /**
   * Serves a model, asks for the health and one image, and ends the server by SIGTERM, as a
   * container is ended.
   */
  void serveAndStop(Path temporary) throws IOException, InterruptedException {
    Path model = TestModel.mnist().write(temporary.resolve("model.onnx"));
    Path log = temporary.resolve("serve.log");
    int port = freePort();
    Process server = start(Map.of(), log, "coracle", "serve", "--model", model, "--port", port);
    try {
      String uri = "http://127.0.0.1:" + port;
      awaitPing(server, uri, log);
      HttpRequest image =
          HttpRequest.newBuilder(URI.create(uri + "/invocations"))
              .header("Content-Type", "application/octet-stream")
              .POST(BodyPublishers.ofByteArray(new byte[784]))
              .build();
      HttpResponse<String> answer = HttpClient.newHttpClient().send(image, BodyHandlers.ofString());
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body()).contains("predictions");
      // The process that was started is the JVM: nothing is left when it ends.
      assertThat(server.info().command().orElse("")).endsWith("/java");
      assertThat(server.children()).isEmpty();

      server.destroy();

      assertThat(server.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(server.exitValue()).as(Files.readString(log)).isZero();
      assertThat(log).content().contains("Serving ").doesNotContain("InferenceServer");
    } finally {
      server.destroyForcibly();
    }
  }

  private static void awaitPing(Process server, String uri, Path log)
      throws IOException, InterruptedException {
    HttpClient client = HttpClient.newHttpClient();
    HttpRequest ping = HttpRequest.newBuilder(URI.create(uri + "/ping")).build();
    for (int i = 0; i < 600; i++) {
      assertThat(server.isAlive()).as(Files.readString(log)).isTrue();
      try {
        if (client.send(ping, BodyHandlers.discarding()).statusCode() == 200) {
          return;
        }
      } catch (ConnectException e) {
        assertThat(e).isNotNull(); // it does not listen yet
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
    throw new AssertionError("not ready within 30 s: " + Files.readString(log));
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
