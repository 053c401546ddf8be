// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import ai.djl.ModelException;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import java.io.IOException;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Measures DJL's Predictor on its OnnxRuntime engine, over one model for all callers.
 *
 * <pre>
 * java -jar target/benchmarks.jar DjlOnnxRuntimeBenchmark -prof gc
 * java -jar target/benchmarks.jar DjlOnnxRuntimeBenchmark -prof gc -p batch=1 -p djlThreads=1 -t 2
 * </pre>
 */
public class DjlOnnxRuntimeBenchmark extends DjlBenchmark {

  /** What the callers share. */
  @State(Scope.Benchmark)
  public static class Shared {

    /** Intra-op threads, or {@code default} for what DJL sets: nothing. */
    @Param({"default", "1"})
    public String djlThreads = "";

    ZooModel<byte[], float[]> model;

    @Setup
    public void open(Load load) throws IOException, ModelException {
      Criteria.Builder<byte[], float[]> criteria =
          Criteria.builder()
              .setTypes(byte[].class, float[].class)
              .optEngine("OnnxRuntime")
              .optModelPath(load.model())
              .optTranslator(new ImageTranslator());
      if (!djlThreads.equals("default")) {
        criteria.optOption("intraOpNumThreads", djlThreads).optOption("interOpNumThreads", "1");
      }
      model = criteria.build().loadModel();
    }

    @TearDown
    public void close() {
      model.close();
    }
  }

  @Setup
  public void open(Load load, Shared shared) {
    start(load, shared.model.newPredictor());
  }

  @TearDown
  public void closePredictor() {
    close();
  }
}
