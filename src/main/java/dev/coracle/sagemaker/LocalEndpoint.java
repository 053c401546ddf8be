// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import dev.coracle.CoracleException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Runs a container's program on this machine as an endpoint of SageMaker's local mode does, without
 * Docker: the model is unpacked and read-only, the program gets the argument {@code serve}, and
 * requests are sent only once {@code /ping} answers 200. Thread-safe. Whoever starts an endpoint
 * closes it.
 */
public final class LocalEndpoint implements AutoCloseable {

  private static final Duration PING_TIMEOUT = Duration.ofSeconds(2); // SageMaker's
  private static final Duration CONNECT_TIMEOUT = Duration.ofMillis(250); // SageMaker's
  private static final Duration INVOCATION_TIMEOUT = Duration.ofMinutes(1); // SageMaker's
  private static final Duration START_LIMIT = Duration.ofMinutes(2); // the SDK's local mode's
  private static final Duration GRACE = Duration.ofSeconds(30); // until SageMaker kills

  private final LocalProgram program;
  private final Path model;
  private final int port;
  private final Duration startTime;
  private final HttpClient client;
  private final Duration grace;
  private boolean closed;

  private LocalEndpoint(
      LocalProgram program,
      Path model,
      int port,
      Duration startTime,
      HttpClient client,
      Duration grace) {
    this.program = program;
    this.model = model;
    this.port = port;
    this.startTime = startTime;
    this.client = client;
    this.grace = grace;
  }

  /**
   * Starts an endpoint and waits until it is ready.
   *
   * @param program the command to which {@code serve} is appended
   * @param environment variables of the program, as for {@link LocalTraining}
   * @param root a folder that does not exist or is empty, for the tree in place of /opt/ml
   * @param log receives the lines that the program prints
   * @throws CoracleException if the archive cannot be unpacked, or the program ends or is not ready
   *     within two minutes
   */
  public static LocalEndpoint start(
      List<String> program,
      Map<String, String> environment,
      Path modelArchive,
      Path root,
      Consumer<String> log)
      throws InterruptedException {
    return start(program, environment, modelArchive, root, log, GRACE);
  }

  static LocalEndpoint start(
      List<String> program,
      Map<String, String> environment,
      Path modelArchive,
      Path folder,
      Consumer<String> log,
      Duration grace)
      throws InterruptedException {
    Path root = folder.toAbsolutePath(); // the program runs in it
    ModelArchive.unpack(modelArchive, root.resolve("model"));
    Path model = root.resolve("model");
    LocalProgram running = null;
    try {
      setWritable(model, false);
      int port = freePort();
      Map<String, String> variables = new TreeMap<>(environment);
      variables.put(ContainerFolders.BASE_DIR, root.toString());
      variables.put("SAGEMAKER_BIND_TO_PORT", Integer.toString(port));
      long start = System.nanoTime();
      running = LocalProgram.start(program, "serve", variables, root, log);
      HttpClient client = HttpClient.newBuilder().connectTimeout(CONNECT_TIMEOUT).build();
      awaitReady(running, client, port, start);
      return new LocalEndpoint(
          running, model, port, Duration.ofNanos(System.nanoTime() - start), client, grace);
    } catch (IOException | RuntimeException | InterruptedException e) {
      if (running != null) {
        running.kill();
      }
      setWritable(model, true);
      if (e instanceof IOException io) {
        throw new CoracleException(
            "cannot start an endpoint in %s: %s".formatted(root, CoracleException.reason(io)), io);
      }
      if (e instanceof InterruptedException interrupted) {
        throw interrupted;
      }
      throw (RuntimeException) e;
    }
  }

  private static void awaitReady(LocalProgram program, HttpClient client, int port, long start)
      throws InterruptedException {
    HttpRequest ping = HttpRequest.newBuilder(uri(port, "/ping")).timeout(PING_TIMEOUT).build();
    while (System.nanoTime() - start < START_LIMIT.toNanos()) {
      if (!program.isAlive()) {
        throw new CoracleException(
            "the endpoint's program ended with exit status %d before it was ready; its output above says why"
                .formatted(program.waitFor()));
      }
      try {
        if (client.send(ping, HttpResponse.BodyHandlers.discarding()).statusCode() == 200) {
          return;
        }
      } catch (IOException e) {
        // nothing listens yet, or the answer takes longer than SageMaker waits
      }
      Thread.sleep(50);
    }
    throw new CoracleException(
        "the endpoint did not answer GET /ping with 200 within %d s"
            .formatted(START_LIMIT.toSeconds()));
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static URI uri(int port, String path) {
    return URI.create("http://127.0.0.1:" + port + path);
  }

  /** Makes the model read-only, as in a real container; has no effect if the user is root. */
  private static void setWritable(Path folder, boolean writable) {
    try (Stream<Path> all = Files.walk(folder)) {
      all.forEach(path -> path.toFile().setWritable(writable, true));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the port on which the endpoint listens. */
  public int port() {
    return port;
  }

  /** Returns the time from the start of the program to the first 200 on /ping. */
  public Duration startTime() {
    return startTime;
  }

  /**
   * Sends a request to {@code /invocations} and returns the answer's body.
   *
   * @throws CoracleException if the status is not 200, or there is no answer within a minute
   */
  public byte[] invoke(String contentType, String accept, byte[] body) throws InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(uri(port, "/invocations"))
            .timeout(INVOCATION_TIMEOUT)
            .header("Content-Type", contentType)
            .header("Accept", accept)
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build();
    try {
      HttpResponse<byte[]> response = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
      if (response.statusCode() != 200) {
        throw new CoracleException(
            "the endpoint answered a request of %s with status %d: %s"
                .formatted(
                    contentType,
                    response.statusCode(),
                    new String(response.body(), StandardCharsets.UTF_8)));
      }
      return response.body();
    } catch (IOException e) {
      throw new CoracleException(
          "the endpoint did not answer a request of %s: %s".formatted(contentType, e), e);
    }
  }

  /**
   * Stops the program as SageMaker does: SIGTERM, and after 30 seconds SIGKILL. A second call does
   * nothing.
   *
   * @throws CoracleException if it had to be killed, or ended with a status other than 0
   */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    try {
      if (!program.terminate(grace.toMillis())) {
        program.kill();
        throw new CoracleException(
            "the endpoint's program did not end within %d s of SIGTERM and was killed"
                .formatted(grace.toSeconds()));
      }
      int status = program.waitFor();
      if (status != 0) {
        throw new CoracleException(
            "the endpoint's program ended with exit status %d on SIGTERM; expected 0"
                .formatted(status));
      }
    } catch (InterruptedException e) {
      program.kill();
      Thread.currentThread().interrupt();
    } finally {
      setWritable(model, true);
    }
  }
}
