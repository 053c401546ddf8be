// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * Runs {@code serve --quiet} in a process of its own: with this JVM's program and class path, or by
 * a command such as a distribution's.
 */
final class ServerProcess implements AutoCloseable {

  private static final byte[] PING =
      "GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
          .getBytes(StandardCharsets.US_ASCII);

  private static final long MAX_START_SECONDS = 60;
  private static final int POLL_MS = 5;
  private static final int FIRST_PORT = 20_000;
  private static final int LAST_PORT = 32_000;

  private final Process process;
  private final Path log;
  private final int port;
  private final double startMillis;

  private ServerProcess(Process process, Path log, int port, long started)
      throws IOException, InterruptedException {
    this.process = process;
    this.log = log;
    this.port = port;
    this.startMillis = awaitReady(started);
  }

  /**
   * Starts a server and waits until it answers {@code GET /ping} by 200.
   *
   * @param launcher the command that {@code serve} and its options follow
   * @param options for {@code serve}, besides model, port and quiet
   */
  static ServerProcess start(Path model, List<String> launcher, String... options)
      throws IOException, InterruptedException {
    int port = freePort();
    List<String> command = new ArrayList<>(launcher);
    command.addAll(List.of("serve", "--quiet"));
    command.addAll(List.of("--model", model.toString(), "--port", "" + port));
    command.addAll(List.of(options));
    Path log = Files.createTempFile("serve", ".log");
    long started = System.nanoTime();
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly)); // on Ctrl-C
    try {
      return new ServerProcess(process, log, port, started);
    } catch (IOException | InterruptedException | RuntimeException e) {
      process.destroyForcibly();
      throw e;
    }
  }

  /** Returns the beginning of a command that runs a class of this class path. */
  static List<String> java(List<String> jvmArguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(jvmArguments);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    return command;
  }

  /**
   * Finds a port below those that systems give to clients: among these, a client that asks whether
   * the server listens yet could be given the server's own port, and would be connected to itself.
   */
  private static int freePort() throws IOException {
    while (true) {
      int port = ThreadLocalRandom.current().nextInt(FIRST_PORT, LAST_PORT);
      try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return socket.getLocalPort();
      } catch (BindException e) {
        continue; // taken
      }
    }
  }

  private double awaitReady(long started) throws IOException, InterruptedException {
    while (!isReady()) {
      if (!process.isAlive()) {
        throw new IllegalStateException("serve ended before it was ready: " + output());
      }
      if (System.nanoTime() - started > TimeUnit.SECONDS.toNanos(MAX_START_SECONDS)) {
        throw new IllegalStateException(
            "serve was not ready within " + MAX_START_SECONDS + " s: " + output());
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MS);
    }
    return (System.nanoTime() - started) / 1e6;
  }

  private boolean isReady() {
    try (Socket socket = new Socket()) {
      socket.connect(address(), 1000);
      socket.setSoTimeout(5000);
      OutputStream out = socket.getOutputStream();
      out.write(PING);
      InputStream in = socket.getInputStream();
      return new String(in.readNBytes(12), StandardCharsets.US_ASCII).equals("HTTP/1.1 200");
    } catch (IOException e) {
      return false; // does not listen yet
    }
  }

  private String output() throws IOException {
    return Files.readString(log).strip();
  }

  int port() {
    return port;
  }

  InetSocketAddress address() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  /** Returns the time from the process's start to its first 200. */
  double startMillis() {
    return startMillis;
  }

  /** Returns the memory that is resident now, in MB of a million bytes; NaN where not on Linux. */
  double residentMegabytes() throws IOException {
    return status("VmRSS");
  }

  /** Returns the most memory that was resident at a time, as {@link #residentMegabytes} does. */
  double peakMegabytes() throws IOException {
    return status("VmHWM");
  }

  private double status(String field) throws IOException {
    Path file = Path.of("/proc/" + process.pid() + "/status");
    return Files.isReadable(file) ? megabytes(Files.readString(file), field) : Double.NaN;
  }

  /** Finds a field, which Linux gives in kB of 1,024 bytes. */
  static double megabytes(String status, String field) {
    return status
        .lines()
        .filter(line -> line.startsWith(field + ":"))
        .mapToDouble(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024 / 1e6)
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("expected " + field + " in " + status));
  }

  /** Stops the server as an operator does; throws where it does not end in order. */
  @Override
  public void close() throws IOException {
    boolean died = !process.isAlive();
    process.destroy();
    if (!hasEnded()) {
      process.destroyForcibly();
      throw new IllegalStateException("serve did not stop within 60 s of SIGTERM: " + output());
    }
    if (died || process.exitValue() != 0) {
      throw new IllegalStateException(
          "serve ended %s with status %d: %s"
              .formatted(
                  died ? "before it was told to" : "when told to", process.exitValue(), output()));
    }
    Files.delete(log);
  }

  private boolean hasEnded() throws IOException {
    try {
      return process.waitFor(60, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while serve stopped");
    }
  }
}
