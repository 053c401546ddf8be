// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.training.ParameterStore;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Runs a block in inference mode on the device of its parameters; close it. */
final class BlockRunner implements AutoCloseable {

  private final Block block;
  private final UnaryOperator<NDList> before;
  private final UnaryOperator<NDList> after;
  private final NDManager manager;

  BlockRunner(Block block, UnaryOperator<NDList> before, UnaryOperator<NDList> after) {
    this.block = block;
    this.before = before;
    this.after = after;
    this.manager = newManager(block);
  }

  /** Returns a manager on the device of a block's parameters. */
  static NDManager newManager(Block block) {
    ParameterList parameters = block.getParameters();
    return parameters.isEmpty()
        ? NDManager.newBaseManager()
        : parameters.get(0).getValue().getArray().getManager().newSubManager();
  }

  /** Returns what owns the outputs, and may own the inputs. */
  NDManager manager() {
    return manager;
  }

  /** Returns the outputs; what was computed on the way to them is gone. */
  NDList run(NDList inputs) {
    NDList outputs = new NDList();
    try (NDManager scratch = manager.newSubManager()) {
      NDList arguments = new NDList();
      for (NDArray input : inputs) {
        // A copy: the block may write in place, and what is made from it belongs to its manager.
        NDArray copy = input.duplicate();
        copy.attach(scratch);
        arguments.add(copy);
      }
      NDList results =
          after.apply(block.forward(new Constants(scratch), before.apply(arguments), false));
      for (NDArray result : results) {
        NDArray output = result.stopGradient();
        output.attach(manager);
        outputs.add(output);
      }
    }
    return outputs;
  }

  @Override
  public void close() {
    manager.close();
  }

  /**
   * Hands out parameters as constants. Else libtorch would keep what it needs for gradients, which
   * takes the memory of every array on the way.
   */
  private static final class Constants extends ParameterStore {

    private final NDManager manager;

    Constants(NDManager manager) {
      super(manager, false);
      this.manager = manager;
    }

    @Override
    public @Nullable NDArray getValue(
        @Nullable Parameter parameter, Device device, boolean training) {
      if (parameter == null) { // a layer without bias asks for one all the same
        return null;
      }
      NDArray handle = parameter.getArray().stopGradient();
      handle.attach(manager);
      return handle;
    }
  }
}
