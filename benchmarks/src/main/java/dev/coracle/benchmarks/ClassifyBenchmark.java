// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Measures one way to classify, in µs a call of {@link Load#batch} images: the state of one caller
 * thread, which takes the batches in turn. A subclass is a contender. What its callers share (the
 * model) is in a state of its own, so that {@code -t 2} means two callers of one model.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 2,
    jvmArgsAppend = {
      "--enable-native-access=ALL-UNNAMED",
      "-Dai.djl.offline=true", // no telemetry, no download
      "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"
    })
public abstract class ClassifyBenchmark {

  private List<List<byte[]>> batches = List.of();
  private int next;

  /** Takes over the images; throws when the contender answers otherwise than Coracle. */
  final void start(Load load, Load.Contender contender) {
    load.check(contender);
    batches = load.batches();
  }

  final List<byte[]> nextBatch() {
    next = next + 1 < batches.size() ? next + 1 : 0;
    return batches.get(next);
  }
}
