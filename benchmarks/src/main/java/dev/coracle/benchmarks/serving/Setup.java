// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What all measurements of a run share.
 *
 * @param model file to serve
 * @param images test images of MNIST, rows × columns grey values each
 * @param load what sends requests in a closed loop
 * @param command a distribution's program that starts the server
 * @param quick whether times are too short for numbers
 */
record Setup(Path model, List<byte[]> images, HttpLoad load, Path command, boolean quick) {

  /** The program of the distribution that the root's build leaves. */
  static final String COMMAND = "../target/coracle-0.1.0-SNAPSHOT-dist/bin/coracle";

  ServerProcess server(String... options) throws IOException, InterruptedException {
    String program = command.toAbsolutePath().normalize().toString();
    return ServerProcess.start(model, List.of(program), options);
  }

  /** Returns how long a load is measured, or 3 s where the run is quick. */
  Duration time(int seconds) {
    return Duration.ofSeconds(quick ? Math.min(3, seconds) : seconds);
  }

  /** Returns how long a load runs before it is measured, for the JVM to compile what it takes. */
  Duration warmUp() {
    return Duration.ofSeconds(quick ? 3 : 30);
  }
}
