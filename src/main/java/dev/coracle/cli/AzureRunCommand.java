// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.CoracleException;
import dev.coracle.azure.FunctionHost;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Serves a function app until it is told to stop. */
@Command(
    name = "run",
    sortOptions = false,
    showDefaultValues = true,
    description = {
      "Serves the archive of a function app as Azure does: from its own jars in a class loader of"
          + " their own, a new instance for each call, bodies as text.",
      "",
      "SIGTERM and Ctrl-C let the calls under way finish; the exit status is 0 then."
    })
final class AzureRunCommand implements Callable<Integer> {

  private final Terminal terminal;

  @Parameters(
      paramLabel = "APP",
      showDefaultValue = Visibility.NEVER,
      description = "The zip file of azure package, or a folder with the same content.")
  private Path app = Path.of("");

  @Option(
      names = "--host",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1",
      description = "Address to listen on; 0.0.0.0 for all.")
  private String host = "";

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "7071", // of Azure's own tools
      converter = Converters.Port.class,
      description = "Port to listen on; 0 takes a free one.")
  private int port;

  AzureRunCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    // A distribution sets this to its own libraries, but an app must use those in its own jar.
    System.clearProperty("onnxruntime.native.path");
    CountDownLatch stop = new CountDownLatch(1);
    StopSignal.handle(stop::countDown); // before the start, as the unpacked files must be deleted
    try (FunctionHost functions = start()) {
      // Where signals cannot be handled, the JVM still runs this hook; otherwise it has no effect.
      Runtime.getRuntime().addShutdownHook(new Thread(functions::close, "coracle-stop"));
      functions.functions().forEach(line -> terminal.println("Serving " + line));
      terminal.println("Ctrl-C stops");
      stop.await();
    }
    return 0;
  }

  private FunctionHost start() {
    try {
      return FunctionHost.start(app, host, port);
    } catch (CoracleException e) {
      throw ListenMessage.asOptions(e, host, port);
    }
  }
}
