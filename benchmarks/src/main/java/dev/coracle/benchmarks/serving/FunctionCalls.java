// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import dev.coracle.TemporaryFolder;
import dev.coracle.benchmarks.Arguments;
import dev.coracle.benchmarks.ResultFile;
import dev.coracle.benchmarks.Spread;
import dev.coracle.inference.Classifier;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.DoubleStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Measures the archive of an Azure function in {@code azure run}, several processes one after the
 * other, each asked on one connection for the article's JSON of one image: the time to the port,
 * the first call, which opens the model, later calls beside the library's, and the most memory.
 *
 * <pre>
 * java -cp target/benchmarks.jar dev.coracle.benchmarks.serving.FunctionCalls
 * </pre>
 */
@Command(
    name = "FunctionCalls",
    description = "Measures an Azure function as azure run serves it.",
    showDefaultValues = true,
    mixinStandardHelpOptions = true)
final class FunctionCalls implements Callable<Integer> {

  private static final int WARM_UP = 1000;
  private static final int CALLS = 1000;
  private static final long MAX_START_SECONDS = 60;

  @Option(names = "--app", paramLabel = "FILE", defaultValue = "../output/app.zip")
  private Path app = Path.of("");

  @Option(
      names = "--model",
      paramLabel = "FILE",
      defaultValue = "../output/mnist.onnx",
      description = "The model in it, for the library's calls.")
  private Path model = Path.of("");

  @Option(names = "--command", paramLabel = "FILE", defaultValue = Setup.COMMAND)
  private Path command = Path.of("");

  @Option(names = "--processes", paramLabel = "N", defaultValue = "10")
  private int processes;

  private final DoubleStream.Builder start = DoubleStream.builder();
  private final DoubleStream.Builder first = DoubleStream.builder();
  private final DoubleStream.Builder later = DoubleStream.builder();
  private final DoubleStream.Builder library = DoubleStream.builder();
  private final DoubleStream.Builder peak = DoubleStream.builder();

  @Spec private CommandSpec spec = CommandSpec.create();

  private FunctionCalls() {}

  public static void main(String... args) {
    System.exit(new CommandLine(new FunctionCalls()).execute(args));
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Arguments.file(spec, app, "make the archive first, or name one with --app FILE");
    Arguments.file(spec, model, "train in the root first, or name a model with --model FILE");
    Arguments.file(spec, command, "build the distribution in the root first");
    List<byte[]> images = TestImages.read(256);
    List<byte[]> messages = Post.json(images).messages();
    try (Classifier classifier = Classifier.open(model)) {
      for (int i = 0; i < processes; i++) {
        measure(classifier, images, messages);
      }
    }
    System.out.println(ResultFile.origin(ResultFile.newDocument(ResultFile.date())));
    System.out.printf(
        """
        | | median (least–greatest) of %d processes |
        | --- | ---: |
        | archive | %,d bytes |
        | start to the port, ms | %s |
        | first call, ms | %s |
        | later calls, ms, median of %d | %s |
        | the library's call, ms | %s |
        | most memory, MB | %s |
        """,
        processes,
        Files.size(app),
        Spread.of(start.build()),
        Spread.of(first.build()),
        CALLS,
        Spread.of(later.build()),
        Spread.of(library.build()),
        Spread.of(peak.build()));
    return 0;
  }

  private void measure(Classifier classifier, List<byte[]> images, List<byte[]> messages)
      throws IOException, InterruptedException {
    try (TemporaryFolder temporary = TemporaryFolder.create()) {
      measure(temporary.path(), classifier, images, messages);
    }
  }

  private void measure(
      Path folder, Classifier classifier, List<byte[]> images, List<byte[]> messages)
      throws IOException, InterruptedException {
    Path log = folder.resolve("log");
    ProcessBuilder builder =
        new ProcessBuilder(command.toString(), "azure", "run", app.toString(), "--port", "0")
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    // As on a new instance: ONNX Runtime's libraries are not unpacked yet.
    builder.environment().put("XDG_CACHE_HOME", folder.resolve("cache").toString());
    long began = System.nanoTime();
    Process process = builder.start();
    try {
      int port = port(process, log);
      start.add(millis(began));
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        socket.setTcpNoDelay(true);
        LowLoad.Client client = new LowLoad.Client(socket);
        began = System.nanoTime();
        client.send(messages.get(0));
        first.add(millis(began));
        Latencies http = new Latencies(CALLS);
        Latencies direct = new Latencies(CALLS);
        for (int i = -WARM_UP; i < CALLS; i++) {
          int image = Math.floorMod(i, images.size());
          began = System.nanoTime();
          client.send(messages.get(image));
          long between = System.nanoTime();
          classifier.classify(images.get(image));
          if (i >= 0) {
            http.add(between - began);
            direct.add(System.nanoTime() - between);
          }
        }
        later.add(http.millis(50));
        library.add(direct.millis(50));
      }
      String status = Files.readString(Path.of("/proc/" + process.pid() + "/status"));
      peak.add(ServerProcess.megabytes(status, "VmHWM"));
    } finally {
      process.destroy();
      process.waitFor();
    }
  }

  /** Waits for the line with the function's address. */
  private static int port(Process process, Path log) throws IOException, InterruptedException {
    for (long start = System.nanoTime(); ; ) {
      String text = Files.readString(log);
      if (text.contains("Ctrl-C")) {
        return URI.create(text.lines().findFirst().orElse("").replaceAll(".* ", "")).getPort();
      }
      if (!process.isAlive()) {
        throw new IllegalStateException("azure run ended: " + text);
      }
      if (System.nanoTime() - start > TimeUnit.SECONDS.toNanos(MAX_START_SECONDS)) {
        throw new IllegalStateException(
            "azure run did not listen within " + MAX_START_SECONDS + " s: " + text);
      }
      TimeUnit.MILLISECONDS.sleep(2);
    }
  }

  private static double millis(long began) {
    return (System.nanoTime() - began) / 1e6;
  }
}
