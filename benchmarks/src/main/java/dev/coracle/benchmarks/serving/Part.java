// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Locale;

/** What a round measures, in this order: figures that are compared are taken close together. */
enum Part {
  LIBRARY(65, Library::measure),
  RAW(50, (setup, figures) -> Throughput.measure(setup, Post.raw(setup.images(), 1), figures)),
  JSON(50, (setup, figures) -> Throughput.measure(setup, Post.json(setup.images()), figures)),
  LATENCY(75, LowLoad::measure),
  MACHINE(10, MachineStalls::measure),
  OVERLOAD(90, Overload::measure),
  SLOW_CLIENTS(195, SlowNeighbours::measure),
  START(25, Starts::measure),
  CURVE(80, LoadCurve::measure);

  /** Measures with a server of its own, if it needs one, and puts what it found. */
  interface Measurement {
    void measure(Setup setup, ObjectNode figures) throws IOException, InterruptedException;
  }

  /** About how long it takes unless the run is quick. */
  final int seconds;

  private final Measurement measurement;

  Part(int seconds, Measurement measurement) {
    this.seconds = seconds;
    this.measurement = measurement;
  }

  void measure(Setup setup, ObjectNode round) throws IOException, InterruptedException {
    measurement.measure(setup, round.putObject(toString()));
  }

  /** Returns the name that the results and the options have. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
