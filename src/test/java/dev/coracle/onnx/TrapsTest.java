// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.Engine;
import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.SymbolBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Ways in which a block could get past the recording: each is followed, or refused by name. */
class TrapsTest {

  private static final Shape SHAPE = new Shape(1, 3);

  @Test
  void symbolBlock_atTheTopOrInside_isRefused() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block script = SymbolBlock.newInstance(manager);
      assertThatThrownBy(() -> Exports.model(script, SHAPE))
          .isInstanceOf(ExportException.class)
          .hasMessageContainingAll("the block is a ai.djl.", "TorchScript", "cannot be traced");
      Block inside =
          new SequentialBlock().add(Exports.lambda(x -> x)).add(new SequentialBlock().add(script));
      assertThatThrownBy(() -> Exports.model(inside, SHAPE))
          .isInstanceOf(ExportException.class)
          .hasMessageContainingAll("the block / 02SequentialBlock / 01PtSymbolBlock is a");
    }
  }

  @Test
  void cast_toAClassOfTheEngine_isExplained() {
    refuses(
        x -> {
          BaseNDManager manager = (BaseNDManager) x.getManager();
          return x.add(manager.ones(SHAPE));
        },
        "ClassCastException",
        "stand-ins while it is recorded");
    refuses(
        x -> {
          try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            collector.backward(x.add(1));
          }
          return x;
        },
        "stand-ins while it is recorded");
  }

  @Test
  void threads_ofTheBlocksOwn_areRefused() {
    refuses(
        x -> CompletableFuture.supplyAsync(() -> x.add(1)).join(),
        "used in thread '",
        "TrapsTest.java",
        "must stay in the thread that runs it");
    refuses(
        x -> {
          NDManager manager = x.getManager();
          return x.add(CompletableFuture.supplyAsync(() -> manager.ones(SHAPE)).join());
        },
        "used in thread");
    refuses(
        x -> {
          try {
            return CompletableFuture.supplyAsync(() -> x.add(1)).join();
          } catch (CompletionException e) {
            return x;
          }
        },
        "used in thread");
  }

  @Test
  void parameter_readPastTheStoreAsReceiver_isRefused() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Linear linear = Linear.builder().setUnits(3).build();
      Block block =
          new SequentialBlock()
              .add(linear)
              .add(Exports.lambda(x -> linear.getParameters().get("bias").getArray().add(x)));
      block.initialize(manager, DataType.FLOAT32, SHAPE);
      assertThatThrownBy(() -> Exports.model(block, SHAPE))
          .isInstanceOf(ExportException.class)
          .hasMessageContainingAll(
              "NDArray.toByteBuffer", "take parameters from the ParameterStore", "TrapsTest.java");
    }
  }

  @Test
  void manager_ofAnother_canTakeNoActivation() {
    try (NDManager other = NDManager.newBaseManager()) {
      refuses(other::from, "NDArray.toByteBuffer", "getManager() of the input");
      refuses(x -> other.create(SHAPE).addi(x), "NDArray.toByteBuffer");
      refuses(x -> other.ones(SHAPE).getNDArrayInternal().relu().add(x), "NDArray.toByteBuffer");
    }
  }

  @Test
  void index_withArraysOfAnInput_isNeverReadOnTheHost() {
    refuses(
        x -> {
          NDArray constant = x.getManager().zeros(new Shape(4));
          constant.set(new NDIndex("{}", x.toType(DataType.INT64, false).reshape(-1)), 1);
          return x.add(constant.reshape(4, 1, 1).get("0"));
        },
        "NDArray.set",
        "it writes in place");
    try (NDManager other = NDManager.newBaseManager()) {
      NDArray table = other.arange(6f).reshape(2, 3);
      refuses(x -> table.get(x.toType(DataType.INT64, false).reshape(-1)), "reads the content");
      refuses(
          x -> table.get(new NDIndex("{}", x.toType(DataType.INT64, false))), "reads the content");
    }
  }

  @Test
  void scope_ofTheManagers_movesNothing() throws IOException, OrtException {
    Exports.assertAgrees(
        Exports.lambda(
            x -> {
              try (NDManager own = NDManager.newBaseManager();
                  NDManager sub = x.getManager().newSubManager(x.getDevice())) {
                NDArray y = x.add(sub.full(new Shape(3), 2f));
                y.attach(own);
                own.tempAttachAll(y);
                own.attachAll(y);
                sub.setName("sub");
                assertThat(sub.isOpen()).isTrue();
                NDList kept = sub.ret(new NDList(y));
                kept.attach(sub);
                NDArray z = kept.head().mul(2);
                z.attach(x.getManager());
                return z;
              }
            }),
        SHAPE,
        1e-6);
  }

  @Test
  void manager_whatHasNoCounterpart_isRefused() {
    refuses(x -> x.add(x.getManager().getParentManager().ones(SHAPE)), "getParentManager");
    refuses(x -> x.getManager().getManagedArrays().get(0), "NDManager.getManagedArrays");
    refuses(x -> x.add(x.getManager().truncatedNormal(SHAPE)), "NDManager.truncatedNormal");
  }

  @Test
  void parameter_ofABlockThatIsNoChild_isRefused() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block hidden = Linear.builder().setUnits(3).build();
      hidden.initialize(manager, DataType.FLOAT32, SHAPE);
      Block block = new Hiding(hidden);
      assertThatThrownBy(() -> Exports.model(block, SHAPE))
          .isInstanceOf(ExportException.class)
          .hasMessageContainingAll("parameter weight is used but not listed", "addChildBlock");
    }
  }

  /** Uses a block that getChildren does not know, and goes on when that fails. */
  private static final class Hiding extends AbstractBlock {
    private final Block hidden;

    Hiding(Block hidden) {
      this.hidden = hidden;
    }

    @Override
    protected NDList forwardInternal(
        ParameterStore store,
        NDList inputs,
        boolean training,
        @Nullable PairList<String, Object> params) {
      try {
        return hidden.forward(store, inputs, training);
      } catch (ExportException e) {
        return inputs;
      }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
      return inputShapes;
    }
  }

  @Test
  void conversion_toWhatTheArrayIs_isNoCall() throws IOException, OrtException {
    Block block =
        Exports.lambda(
            x -> {
              NDArray same = x.toType(DataType.FLOAT32, false).toDevice(x.getDevice(), false);
              assertThat(same).isSameAs(x);
              return same.toType(DataType.FLOAT32, true).add(same);
            });
    Exports.assertAgrees(block, SHAPE, 1e-6);
    assertThat(Exports.model(block, SHAPE).getGraph().getNodeList()).hasSize(1);
  }

  private static void refuses(UnaryOperator<NDArray> function, String... message) {
    assertThatThrownBy(() -> Exports.model(Exports.lambda(function), SHAPE))
        .isInstanceOf(ExportException.class)
        .hasMessageContainingAll(message);
  }
}
