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
import ai.djl.util.Pair;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Runs a block in inference mode on the device of its parameters; must be closed. */
final class BlockRunner implements AutoCloseable {

  /** Bytes above which parameters count as large; ResNet-18 has 45 MB, ResNet-50 102 MB. */
  private static final long LARGE = 64L << 20;

  private final Block block;
  private final UnaryOperator<NDList> before;
  private final UnaryOperator<NDList> after;
  private final NDManager manager;
  private boolean inParts;

  BlockRunner(Block block, UnaryOperator<NDList> before, UnaryOperator<NDList> after) {
    this.block = block;
    this.before = before;
    this.after = after;
    this.manager = newManager(block);
    this.inParts = isSequence(block);
  }

  static void requireInitialized(Block block) {
    for (Pair<String, Parameter> parameter : block.getParameters()) {
      Parameter value = parameter.getValue();
      if (!value.isInitialized() || value.getArray().isReleased()) {
        throw new ExportException(
            "parameter %s of the block is not initialized, or is closed; initialize, train or load the block first"
                .formatted(parameter.getKey()));
      }
    }
  }

  /** Tells whether a block's parameters are large, so that memory matters more than speed. */
  static boolean hasLargeParameters(Block block) {
    long bytes = 0;
    for (Parameter parameter : block.getParameters().values()) {
      NDArray array = parameter.getArray();
      bytes += array.size() * array.getDataType().getNumOfBytes();
    }
    return bytes > LARGE;
  }

  /** Tells whether a block's parameters are large, or its inputs. */
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

  /** Tells whether a sequence is run part by part; {@link #runWhole} ends that. */
  boolean isInParts() {
    return inParts;
  }

  void runWhole() {
    inParts = false;
  }

  /** Returns the manager that owns the outputs, and may own the inputs. */
  NDManager manager() {
    return manager;
  }

  /**
   * Returns the outputs; intermediate arrays are freed. In a sequence of blocks, those of one block
   * are freed before the next runs, whereas a forward pass of DJL keeps all until its end.
   */
  NDList run(NDList inputs) {
    if (inParts) {
      try {
        return run(inputs, this::forwardInParts);
      } catch (RuntimeException e) {
        // A block may have kept an array, by now closed, in a field for a later block. A block that
        // fails for another reason fails again, which says nothing about other inputs.
      }
    }
    NDList outputs =
        run(
            inputs,
            (scratch, arguments) -> block.forward(new Constants(scratch), arguments, false));
    inParts = false;
    return outputs;
  }

  private NDList run(NDList inputs, BiFunction<NDManager, NDList, NDList> forward) {
    NDList outputs = new NDList();
    try (NDManager scratch = manager.newSubManager()) {
      NDList arguments = new NDList();
      for (NDArray input : inputs) {
        // A copy: the block may write in place, and arrays made from it belong to its manager.
        NDArray copy = input.duplicate();
        copy.attach(scratch);
        arguments.add(copy);
      }
      NDList results = after.apply(forward.apply(scratch, before.apply(arguments)));
      for (NDArray result : results) {
        outputs.add(copy(result, manager));
      }
    }
    return outputs;
  }

  /** Tells whether a forward pass applies each child to the result of the one before. */
  private static boolean isSequence(Block block) {
    return block.getClass() == SequentialBlock.class
        && !((SequentialBlock) block).isReturnIntermediate();
  }

  /** Adds the blocks that make up a sequence, including those of nested sequences. */
  private static void addParts(Block block, List<Block> parts) {
    if (isSequence(block)) {
      block.getChildren().values().forEach(child -> addParts(child, parts));
    } else {
      parts.add(block);
    }
  }

  private NDList forwardInParts(NDManager scratch, NDList arguments) {
    List<Block> parts = new ArrayList<>();
    addParts(block, parts);
    NDManager stage = scratch.newSubManager(); // owns whatever is made from its arrays
    for (NDArray argument : arguments) {
      if (argument.getManager() == scratch) { // not an array of the user
        argument.attach(stage);
      }
    }
    NDList current = arguments;
    for (Block part : parts) {
      current = part.forward(new Constants(stage), current, false);
      // Several arrays may share memory, but copies would not; they stay until there is only one.
      if (current.size() == 1 && current.get(0).getManager() == stage) {
        NDManager next = scratch.newSubManager();
        current = new NDList(copy(current.get(0), next));
        stage.close();
        stage = next;
      }
    }
    return current;
  }

  /**
   * Copies an array to another manager. Attaching it there is not enough: if it is a view of an
   * array made from Java numbers, its memory is freed with that array.
   */
  private static NDArray copy(NDArray array, NDManager to) {
    try (NDArray handle = array.stopGradient()) {
      NDArray copy = handle.duplicate();
      copy.setName(array.getName()); // a block may look it up in a list by name
      copy.attach(to);
      return copy;
    }
  }

  @Override
  public void close() {
    manager.close();
  }

  /**
   * Hands out parameters as constants. Otherwise libtorch would keep every intermediate array in
   * memory for the gradients.
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
      if (parameter == null) { // a layer without bias asks for it nevertheless
        return null;
      }
      NDArray handle = parameter.getArray().stopGradient();
      handle.attach(manager);
      return handle;
    }
  }
}
