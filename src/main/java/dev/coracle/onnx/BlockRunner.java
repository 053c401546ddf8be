// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.ParameterStore;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Runs a block in inference mode on the device of its parameters; close it. */
final class BlockRunner implements AutoCloseable {

  /** Bytes of parameters that count as large; ResNet-18 has 45 MB, ResNet-50 102 MB. */
  private static final long LARGE = 64L << 20;

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

  /** Tells whether a block's parameters are so large that what is done with them spares memory. */
  static boolean hasLargeParameters(Block block) {
    long bytes = 0;
    for (Parameter parameter : block.getParameters().values()) {
      NDArray array = parameter.getArray();
      bytes += array.size() * array.getDataType().getNumOfBytes();
    }
    return bytes > LARGE;
  }

  /** Tells whether a block or its inputs are so large that memory counts for more than speed. */
  static boolean isLarge(Block block, Inputs inputs) {
    return hasLargeParameters(block) || DynamicAxes.haveLargeRows(inputs);
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

  /**
   * Returns the outputs; what was computed on the way to them is gone. Of a sequence of blocks,
   * what one has computed goes before the next runs, where a forward pass of DJL keeps all to its
   * end.
   */
  NDList run(NDList inputs) {
    if (isSequence(block)) {
      try {
        return run(inputs, this::forwardOneByOne);
      } catch (IllegalStateException e) {
        // An array that has been closed: a block kept it in a field for another further on.
      }
    }
    return run(
        inputs, (scratch, arguments) -> block.forward(new Constants(scratch), arguments, false));
  }

  private NDList run(NDList inputs, BiFunction<NDManager, NDList, NDList> forward) {
    NDList outputs = new NDList();
    try (NDManager scratch = manager.newSubManager()) {
      NDList arguments = new NDList();
      for (NDArray input : inputs) {
        // A copy: the block may write in place, and what is made from it belongs to its manager.
        NDArray copy = input.duplicate();
        copy.attach(scratch);
        arguments.add(copy);
      }
      NDList results = after.apply(forward.apply(scratch, before.apply(arguments)));
      for (NDArray result : results) {
        NDArray output = result.stopGradient();
        output.attach(manager);
        outputs.add(output);
      }
    }
    return outputs;
  }

  /** Tells whether a forward pass is that of each child on what the one before has given. */
  private static boolean isSequence(Block block) {
    return block.getClass() == SequentialBlock.class
        && !((SequentialBlock) block).isReturnIntermediate();
  }

  private NDList forwardOneByOne(NDManager scratch, NDList arguments) {
    return forward(block, new Constants(scratch), scratch, arguments);
  }

  private static NDList forward(
      Block block, ParameterStore parameters, NDManager scratch, NDList arguments) {
    if (isSequence(block)) {
      NDList current = arguments;
      for (Block child : block.getChildren().values()) {
        current = forward(child, parameters, scratch, current);
      }
      return current;
    }
    try (NDManager own = scratch.newSubManager()) {
      move(arguments, scratch, own); // as what is made from an array belongs to its manager
      NDList results = block.forward(parameters, arguments, false);
      move(results, own, scratch);
      return results;
    }
  }

  /** Leaves alone what belongs to another, such as an array of the user's. */
  private static void move(NDList arrays, NDManager from, NDManager to) {
    for (NDArray array : arrays) {
      if (array.getManager() == from) {
        array.attach(to);
      }
    }
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
