// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import java.util.Map;

/** A benchmark with its parameters, as {@link Comparison} runs it and the tables name it. */
enum Contender {
  CORACLE("Coracle's `Classifier`", CoracleBenchmark.class, "classify", Map.of()),
  BARE_RUN(
      "bare `OrtSession.run` alone, 1 thread", BareBenchmark.class, "run", Map.of("threads", "1")),
  BARE("bare `OrtSession`, 1 thread", BareBenchmark.class, "classify", Map.of("threads", "1")),
  BARE_ALL_CORES(
      "bare `OrtSession`, all cores", BareBenchmark.class, "classify", Map.of("threads", "0")),
  NESTED_ARRAYS(
      "`OrtSession` with nested arrays, defaults",
      NestedArraysBenchmark.class,
      "classify",
      Map.of()),
  DJL("DJL, ONNX Runtime, defaults", "default", "stack"),
  DJL_1("DJL, ONNX Runtime, 1 thread", "1", "stack"),
  DJL_UNSTACKED("DJL, ONNX Runtime, no batchifier, defaults", "default", "none"),
  DJL_UNSTACKED_1("DJL, ONNX Runtime, no batchifier, 1 thread", "1", "none"),
  PYTORCH(
      "DJL, PyTorch, defaults",
      DjlPyTorchBenchmark.class,
      "classify",
      Map.of("djlThreads", "default")),
  PYTORCH_1(
      "DJL, PyTorch, 1 thread", DjlPyTorchBenchmark.class, "classify", Map.of("djlThreads", "1"));

  final String title;

  /** Full name of the benchmark, as JMH gives it. */
  final String benchmark;

  final Map<String, String> parameters;

  Contender(String title, Class<?> type, String method, Map<String, String> parameters) {
    this.title = title;
    this.benchmark = type.getName() + "." + method;
    this.parameters = parameters;
  }

  Contender(String title, String djlThreads, String batchifier) {
    this(
        title,
        DjlOnnxRuntimeBenchmark.class,
        "classify",
        Map.of("djlThreads", djlThreads, "batchifier", batchifier));
  }
}
