// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.coracle.net.Net;
import dev.coracle.train.Checkpoint;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Measures DJL's Predictor on PyTorch, on the CPU, over one {@link Net} for all callers, with the
 * weights of the checkpoint that the ONNX file was exported from; DJL's usual batchifier.
 *
 * <pre>
 * java -jar target/benchmarks.jar DjlPyTorchBenchmark -prof gc
 * java -jar target/benchmarks.jar DjlPyTorchBenchmark -prof gc -p batch=1 -p djlThreads=1 -t 2
 * </pre>
 */
public class DjlPyTorchBenchmark extends DjlBenchmark {

  /** What the callers share. */
  @State(Scope.Benchmark)
  public static class Shared {

    /** Weights; the default is what the command {@code train} writes. */
    @Param("../output/checkpoint.zip")
    public String checkpoint = "";

    /** Intra-op threads, or {@code default} for what libtorch takes: one a core. */
    @Param({"default", "1"})
    public String djlThreads = "";

    Model model;

    @Setup
    public void open() {
      if (!djlThreads.equals("default")) {
        // The engine reads these when it is loaded.
        System.setProperty("ai.djl.pytorch.num_threads", djlThreads);
        System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
      }
      model = Model.newInstance("net", Device.cpu(), "PyTorch");
      Net net = new Net();
      net.initialize(model.getNDManager(), DataType.FLOAT32, new Shape(1, 1, Net.SIZE, Net.SIZE));
      Checkpoint.loadParameters(
          Load.existing(checkpoint, "train in the root first, or give -p checkpoint=FILE"),
          net.getParameters());
      net.freezeParameters(true); // libtorch records no gradient, on whatever thread
      model.setBlock(net);
    }

    @TearDown
    public void close() {
      model.close();
    }
  }

  @Setup
  public void open(Load load, Shared shared) {
    startStacking(load, shared.model);
  }

  @TearDown
  public void close() {
    closePredictor();
  }
}
