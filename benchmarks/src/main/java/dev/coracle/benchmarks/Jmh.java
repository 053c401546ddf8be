// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs JMH, silently unless it fails.
 *
 * @param warmups iterations that do not count. For 2 s and more, calls still become faster: the JVM
 *     compiles those of one image for good, and allocates a quarter less, after some 10,000
 * @param measured iterations that count
 * @param time of an iteration
 */
record Jmh(int warmups, int measured, TimeValue time) {

  static final Jmh NORMAL = new Jmh(7, 3, TimeValue.milliseconds(700));

  /** Too short for numbers. */
  static final Jmh QUICK = new Jmh(1, 1, TimeValue.milliseconds(200));

  /** Time that a JVM takes besides its iterations: start, model, check. */
  private static final double START_SECONDS = 1.2;

  /** Returns about how long {@link #run(Case)} takes. */
  double seconds() {
    return START_SECONDS + (warmups + measured) * time.convertTo(TimeUnit.MILLISECONDS) / 1e3;
  }

  /** Says how long a JVM runs before it is measured, and how long it is. */
  @Override
  public String toString() {
    double seconds = time.convertTo(TimeUnit.MILLISECONDS) / 1e3;
    return String.format(
        Locale.ROOT, "%.1f s of warm-up, %.1f s measured", warmups * seconds, measured * seconds);
  }

  /** Runs a case in a JVM of its own. */
  ArrayNode run(Case c) throws RunnerException, IOException {
    ChainedOptionsBuilder options =
        options(c.contender().benchmark)
            .param("batch", Integer.toString(c.batch()))
            .threads(c.callers())
            .forks(1)
            .warmupIterations(warmups)
            .warmupTime(time)
            .measurementIterations(measured)
            .measurementTime(time)
            .addProfiler(GCProfiler.class);
    c.contender().parameters.forEach(options::param);
    return run(options);
  }

  /** Runs a benchmark of {@link ColdStartBenchmark}. */
  static ArrayNode runColdStart(String method, int forks, int iterations)
      throws RunnerException, IOException {
    return run(
        options(ColdStartBenchmark.class.getName() + "." + method)
            .forks(forks)
            .measurementIterations(iterations));
  }

  private static ChainedOptionsBuilder options(String benchmark) {
    return new OptionsBuilder()
        .include("^" + benchmark.replace(".", "\\.") + "$")
        .shouldFailOnError(true);
  }

  private static ArrayNode run(ChainedOptionsBuilder options) throws RunnerException, IOException {
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(log, true, StandardCharsets.UTF_8);
    try {
      return ResultFile.results(
          new Runner(
                  options.build(),
                  OutputFormatFactory.createFormatInstance(out, VerboseMode.NORMAL))
              .run());
    } catch (RunnerException e) {
      System.err.print(log.toString(StandardCharsets.UTF_8));
      throw e;
    }
  }
}
