// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.util.Pair;
import dev.coracle.dataset.ImageSet;
import dev.coracle.net.Net;
import dev.coracle.train.Checkpoint;
import dev.coracle.train.Devices;
import dev.coracle.train.Evaluation;
import dev.coracle.train.Evaluator;
import java.nio.FloatBuffer;
import java.nio.file.Path;

/** Holds the network of a checkpoint, on the CPU. */
record TrainedNet(Checkpoint checkpoint, Block block, NDManager manager) implements AutoCloseable {

  static TrainedNet load(Path file) {
    TrainedFiles.requireCheckpoint(file);
    Checkpoint.read(file); // refuses a file that is no checkpoint before the engine is loaded
    NDManager manager = Devices.engine().newBaseManager(Device.cpu());
    try {
      Net net = new Net();
      net.initialize(manager, DataType.FLOAT32, new Shape(1, 1, Net.SIZE, Net.SIZE));
      Checkpoint checkpoint = Checkpoint.loadParameters(file, net.getParameters());
      return new TrainedNet(checkpoint, net, manager);
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /**
   * Evaluates a copy of a network on the CPU: a GPU may compute with less precision than float32,
   * such as TF32, so that a comparison with the exported file would find too large differences.
   */
  static Evaluation evaluateOnCpu(Block trained, ImageSet set) {
    try (NDManager manager = Devices.engine().newBaseManager(Device.cpu())) {
      Net net = new Net();
      net.initialize(manager, DataType.FLOAT32, new Shape(1, 1, Net.SIZE, Net.SIZE));
      ParameterList parameters = net.getParameters();
      for (Pair<String, Parameter> parameter : trained.getParameters()) {
        NDArray source = parameter.getValue().getArray();
        try (NDManager scratch = source.getManager().newSubManager()) { // owns copies from a GPU
          NDArray handle = source.stopGradient();
          handle.attach(scratch);
          NDArray target = parameters.get(parameter.getKey()).getArray();
          target.set(FloatBuffer.wrap(handle.toFloatArray()));
        }
      }
      return Evaluator.evaluate(net, manager, set, 100);
    }
  }

  Evaluation evaluate(ImageSet set) {
    return Evaluator.evaluate(block, manager, set, 100);
  }

  @Override
  public void close() {
    manager.close();
  }
}
