// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What all measurements of a run share.
 *
 * @param model file to serve
 * @param images test images of MNIST, rows × columns grey values each
 * @param load what sends requests in a closed loop
 * @param jvmArguments of the server's JVM, where no command is named
 * @param command a distribution's program that starts the server, or null
 * @param quick whether times are too short for numbers
 */
record Setup(
    Path model,
    List<byte[]> images,
    HttpLoad load,
    List<String> jvmArguments,
    Path command,
    boolean quick) {

  ServerProcess server(String... options) throws IOException, InterruptedException {
    List<String> launcher = new ArrayList<>();
    if (command == null) {
      launcher.addAll(ServerProcess.java(jvmArguments));
      launcher.add("dev.coracle.cli.Main");
    } else {
      launcher.add(command.toAbsolutePath().normalize().toString());
    }
    return ServerProcess.start(model, launcher, options);
  }

  /** Returns how long a load is measured, or 3 s where the run is quick. */
  Duration time(int seconds) {
    return Duration.ofSeconds(quick ? Math.min(3, seconds) : seconds);
  }

  /** Returns how long a load runs before it is measured, for the JVM to compile what it takes. */
  Duration warmUp() {
    return Duration.ofSeconds(quick ? 3 : 20);
  }
}
