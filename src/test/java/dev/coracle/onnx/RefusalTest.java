// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static dev.coracle.onnx.ExporterArgumentsTest.nothing;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.Dropout;
import ai.djl.training.initializer.Initializer;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What the recording cannot follow is refused, with its place. */
class RefusalTest {

  private static final Shape SHAPE = new Shape(1, 3);

  @Test
  void read_contentOfAnInput_isRefused() {
    reads(NDArray::toFloatArray);
    reads(NDArray::toArray);
    reads(NDArray::toByteBuffer);
    reads(NDArray::encode);
    reads(x -> x.getFloat(0, 0));
    reads(x -> x.contentEquals(0));
    reads(x -> x.contentEquals(x.add(1)));
    reads(x -> x.allClose(x.add(1)));
    reads(x -> x.equals(x.add(1)));
    reads(x -> x.getManager().ones(new Shape(3)).contentEquals(x));
    reads(x -> x.getManager().ones(new Shape(3)).equals(x));
    reads(NDArray::toDebugString);
    reads(x -> x.toDebugString(true));
  }

  @Test
  void read_caughtByTheBlock_isRefusedAllTheSame() {
    refuses(
        x -> {
          try {
            return x.getFloat(0, 0) > 0 ? x.add(1) : x;
          } catch (ExportException e) {
            return x.sub(1);
          }
        },
        "NDArray.getFloat",
        "RefusalTest.java");
  }

  @Test
  void call_onAnArrayOfAnotherManager_isRefused() {
    refuses(
        x -> {
          try (NDManager manager = NDManager.newBaseManager()) {
            return manager.ones(x.getShape()).add(x);
          }
        },
        "NDArray.toByteBuffer",
        "create other arrays with getManager() of the input, and take parameters from",
        "RefusalTest.java");
  }

  @Test
  void write_contentIntoTheInput_isRefused() {
    refuses(
        x -> {
          x.set(new float[] {1});
          return x;
        },
        "NDArray.set",
        "it writes in place",
        "RefusalTest.java");
    refuses(
        x -> {
          x.setRequiresGradient(true);
          return x;
        },
        "NDArray.setRequiresGradient");
    refuses(
        x -> {
          x.copyTo(x.getManager().create(new Shape(2)));
          return x;
        },
        "NDArray.copyTo");
    refuses(x -> x.addi(x.reshape(1, -1, 3)), "it writes", "in place", "NDArray.addi");
  }

  @Test
  void write_inPlaceThenUseOfAView_isRefused() {
    refuses(
        x -> {
          NDArray y = x.add(1);
          y.reshape(-1).addi(1); // changes y too
          return y;
        },
        "may be a view of an array that has been written in place");
    refuses(
        x -> {
          NDArray y = x.add(1);
          NDArray view = y.reshape(-1, 3, 1);
          y.muli(2);
          return view.reshape(-1, 3);
        },
        "may be a view",
        "RefusalTest.java");
    refuses(
        x -> {
          NDArray y = x.add(1);
          NDArray view = y.reshape(-1, 3, 1);
          y.muli(2);
          return view;
        },
        "may be a view",
        "(used as output 0 of the block)");
  }

  @Test
  void write_inPlaceIntoAParameter_isRefused() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Linear linear = Linear.builder().setUnits(3).build();
      Block block =
          new SequentialBlock()
              .add(linear)
              .add(
                  new LambdaBlock(
                      list ->
                          new NDList(
                              list.head()
                                  .getManager()
                                  .from(linear.getParameters().get("bias").getArray())
                                  .addi(1)
                                  .add(list.head()))));
      block.initialize(manager, DataType.FLOAT32, SHAPE);
      assertThatThrownBy(() -> Exports.model(block, SHAPE))
          .isInstanceOf(ExportException.class)
          .hasMessageContainingAll("NDArray.addi", "changes the parameter 01Linear_bias");
    }
  }

  @Test
  void call_random_isRefused() {
    refuses(x -> x.add(x.getManager().randomNormal(SHAPE)), "NDManager.randomNormal");
    refuses(x -> x.add(x.getManager().randomUniform(0, 1, SHAPE)), "NDManager.randomUniform");
    refuses(x -> x.add(x.getManager().create(SHAPE)), "nothing has written");
    refuses(
        x -> Dropout.dropout(x).singletonOrThrow(),
        "NDArrayEx.dropout",
        "training=true",
        "Refusal");
    refuses(
        x ->
            BatchNorm.batchNorm(
                    x,
                    x.getManager().ones(new Shape(3)),
                    x.getManager().ones(new Shape(3)),
                    null,
                    null,
                    1,
                    0.9f,
                    1e-5f,
                    true)
                .singletonOrThrow(),
        "NDArrayEx.batchNorm",
        "training=true");
  }

  /** The engine's placeholder of such a result would end the process. */
  @Test
  void call_withAResultThatDjlHasNoTypeFor_isRefused() {
    refuses(
        x ->
            x.toType(DataType.UINT8, false)
                .add(x.toType(DataType.INT8, false))
                .toType(DataType.FLOAT32, false),
        "NDArray.add",
        "RefusalTest.java",
        "convert an operand with toType first");
  }

  @Test
  void call_refused_saysTheUsersLine() {
    refuses(x -> x.cumProd(1), "NDArray.cumProd", "RefusalTest.java", "ONNX has no such operator");
  }

  @Test
  void reason_ofWhatNothingTranslates_pointsToWhatThereIs() {
    assertThat(Refusals.reason("NDArray.thatIsNew"))
        .contains("no ONNX translation yet", "docs/onnx-operators.md lists");
  }

  @Test
  void call_untranslatedByABlockOfDjl_isRefusedWithItsLine() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block prelu = Activation.preluBlock();
      prelu.setInitializer(Initializer.ONES, parameter -> true);
      prelu.initialize(manager, DataType.FLOAT32, SHAPE);
      assertThatThrownBy(() -> Exports.model(prelu, SHAPE))
          .isInstanceOf(ExportException.class)
          .hasMessageContaining("called at ai.djl.nn.core.Prelu.prelu(Prelu.java:");
    }
  }

  @Test
  void output_withoutTheInput_isRefused() {
    refuses(x -> x.getManager().ones(SHAPE), "output 0 does not depend on the input");
    refuses(x -> x.getManager().ones(SHAPE).add(1), "output 0 does not depend on the input");
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray ones = manager.ones(SHAPE);
      refuses(x -> ones, "output 0 does not depend on the input");
    }
    assertThatThrownBy(() -> Exports.model(new LambdaBlock(list -> new NDList()), SHAPE))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("no array");
  }

  @Test
  void forward_returnsNull_isRefusedAndNamed() {
    Block sound = Exports.lambda(x -> x.add(1));
    NDList withNull = new NDList();
    withNull.add(nothing());
    returnsNull(exporter(new LambdaBlock(list -> nothing())), "the block returned null");
    returnsNull(
        exporter(new LambdaBlock(list -> withNull)),
        "the block returned a list with null at position 0");
    returnsNull(
        exporter(sound).prepend(list -> nothing()), "the function of prepend returned null");
    returnsNull(
        exporter(sound).prepend(list -> withNull),
        "the function of prepend returned a list with null at position 0");
    returnsNull(exporter(sound).append(list -> nothing()), "the function of append returned null");
    returnsNull(
        exporter(sound).append(list -> withNull),
        "the function of append returned a list with null at position 0");
  }

  private static OnnxExporter exporter(Block block) {
    return Exports.exporter(block, SHAPE);
  }

  private static void returnsNull(OnnxExporter exporter, String message) {
    assertThatThrownBy(() -> exporter.export(Path.of("never.onnx")))
        .isInstanceOf(ExportException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void softmax_ofRank0_isRefused() {
    refuses(x -> x.sum().softmax(0), "NDArray.softmax", "rank 0; expected one with an axis");
    refuses(x -> x.sum().logSoftmax(0), "NDArray.logSoftmax", "rank 0; expected one with an axis");
  }

  @Test
  void translator_setsNoResult_isRefusedWithWhatItMustDo() {
    for (OpTranslator wrong :
        List.<OpTranslator>of(
            (call, graph) -> {},
            (call, graph) -> graph.node("Relu", call).input(call.receiver()).output())) {
      OnnxExporter exporter =
          exporter(Exports.lambda(x -> x.erfinv().add(1))).translator("NDArray.erfinv", wrong);
      assertThatThrownBy(() -> exporter.export(Path.of("never.onnx")))
          .isInstanceOf(ExportException.class)
          .hasMessageContainingAll(
              "translator of NDArray.erfinv (called at dev.coracle.onnx.RefusalTest",
              "left result 0",
              "NodeBuilder.output(call.result())");
    }
  }

  @Test
  void field_keepsAnArrayOfAnEarlierPass_isRefused() {
    AtomicReference<@Nullable NDArray> field = new AtomicReference<>();
    UnaryOperator<NDArray> addKept =
        x -> {
          field.compareAndSet(null, x.getManager().ones(new Shape(3)));
          return x.add(Objects.requireNonNull(field.get()));
        };
    refuses(addKept, "kept from an earlier forward pass", "RefusalTest.java", "fields");
    AtomicReference<@Nullable NDArray> first = new AtomicReference<>();
    refuses(
        x -> {
          first.compareAndSet(null, x);
          return Objects.requireNonNull(first.get()).add(1);
        },
        "kept from an earlier forward pass");
  }

  @Test
  void forward_throws_isReportedWithTheInputs() {
    IllegalStateException cause = new IllegalStateException("no weather today");
    assertThatThrownBy(
            () ->
                Exports.model(
                    Exports.lambda(
                        x -> {
                          throw cause;
                        }),
                    SHAPE))
        .isInstanceOf(ExportException.class)
        .hasMessageContainingAll("[input input_0 (5, 3) float32]", "no weather today")
        .hasCause(cause);
  }

  private static void reads(Function<NDArray, Object> read) {
    refuses(
        x -> {
          return read.apply(x) == x ? x : x.add(1);
        },
        "it reads the content of an array that depends on the input",
        "RefusalTest.java");
  }

  private static void refuses(UnaryOperator<NDArray> function, String... message) {
    assertThatThrownBy(() -> Exports.model(Exports.lambda(function), SHAPE))
        .isInstanceOf(ExportException.class)
        .hasMessageContainingAll(message);
  }
}
