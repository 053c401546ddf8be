// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import ai.djl.ModelException;
import ai.djl.ndarray.NDList;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import java.io.IOException;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Measures DJL's Predictor on its OnnxRuntime engine, over one model for all callers: in two ways,
 * with DJL's usual batchifier, which has PyTorch stack the images since this engine cannot, and
 * with a translator that makes the batch itself, without PyTorch.
 *
 * <pre>
 * java -jar target/benchmarks.jar DjlOnnxRuntimeBenchmark -prof gc
 * java -jar target/benchmarks.jar DjlOnnxRuntimeBenchmark -prof gc -p batch=1 -p djlThreads=1 -p batchifier=none -t 2
 * </pre>
 */
public class DjlOnnxRuntimeBenchmark extends DjlBenchmark {

  /** What the callers share. */
  @State(Scope.Benchmark)
  public static class Shared {

    /** Intra-op threads, or {@code default} for what DJL sets: nothing. */
    @Param({"default", "1"})
    public String djlThreads = "";

    /** Who makes a batch of images: DJL ({@code stack}), or the translator ({@code none}). */
    @Param({"stack", "none"})
    public String batchifier = "";

    ZooModel<NDList, NDList> model;

    @Setup
    public void open(Load load) throws IOException, ModelException {
      if (batchifier.equals("none")) {
        System.setProperty("ai.djl.onnx.disable_alternative", "true");
      }
      Criteria.Builder<NDList, NDList> criteria =
          Criteria.builder()
              .setTypes(NDList.class, NDList.class)
              .optEngine("OnnxRuntime")
              .optModelPath(load.model());
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
    if (shared.batchifier.equals("stack")) {
      startStacking(load, shared.model);
    } else {
      startWhole(load, shared.model);
    }
  }

  @TearDown
  public void close() {
    closePredictor();
  }
}
