// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.PairList;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Blocks that do unusual things which the recording can follow: the file is right. */
class TracingTest {

  private static final Shape SHAPE = new Shape(1, 3);

  @ParameterizedTest
  @ValueSource(
      classes = {InterceptedArray.class, InterceptedExtension.class, InterceptedManager.class})
  void standIn_interceptsAllMethodsOfItsInterface(Class<?> type) {
    assertThat(type.getDeclaredMethods()).hasSizeGreaterThan(60);
    StandIns.requireAllMethods(type);
    StandIns.requireKnownDjl();
  }

  /** As the stand-ins are to a later DJL: what they lack would run past the recording. */
  @Test
  void djl_withMoreMethodsThanTheStandInsHave_isRefused() {
    abstract class OfAnEarlierDjl implements NDArray {
      @Override
      public NDArray abs() {
        return this;
      }
    }
    assertThatThrownBy(() -> StandIns.requireAllMethods(OfAnEarlierDjl.class))
        .isInstanceOf(ExportException.class)
        .hasMessageContainingAll("NDArray.acos, ", "NDResource.attach", "build Coracle with")
        .hasMessageNotContaining("NDArray.abs,");
  }

  @Test
  void read_formOrConstants_isAllowed() throws IOException, OrtException {
    agrees(
        x -> {
          NDArray constant = x.getManager().create(new float[] {1, 2, 3});
          assertThat(x.equals(x)).isTrue();
          assertThat(x).isNotEqualTo("x");
          assertThat(constant.contentEquals(constant.duplicate())).isTrue();
          assertThat(x).hasToString(x.toString());
          assertThat(x.isEmpty() || x.isReleased() || x.isScalar()).isFalse();
          return x.mul(constant.getFloat(2)).add(constant.toFloatArray()[0]);
        });
  }

  @Test
  void argument_arrayOfAnotherManager_isCopiedAtOnce() throws IOException, OrtException {
    agrees(
        x -> {
          try (NDManager manager = NDManager.newBaseManager();
              NDArray other = manager.create(new float[] {1, 2, 3})) {
            NDArray y = x.add(other);
            other.muli(5);
            return y.mul(other).add(x.getManager().from(other));
          }
        });
    agrees(
        x -> {
          try (NDManager manager = NDManager.newBaseManager()) {
            // A view whose elements are not in the order of the memory.
            NDArray view = manager.arange(9f).reshape(3, 3).transpose();
            return x.reshape(-1, 1, 3).mul(view);
          }
        });
  }

  @Test
  void argument_rawParameter_keepsItsName() throws IOException, OrtException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Linear linear = Linear.builder().setUnits(3).build();
      Block block =
          new SequentialBlock()
              .add(linear)
              .add(
                  Exports.lambda(x -> x.mul(linear.getParameters().get("bias").getArray()).add(1)));
      block.initialize(manager, DataType.FLOAT32, SHAPE);
      linear.getParameters().get("bias").getArray().addi(2);
      Exports.assertAgrees(block, SHAPE, 1e-5);
      assertThat(Exports.model(block, SHAPE).getGraph().getInitializerList())
          .extracting(tensor -> tensor.getName())
          .containsExactly("01Linear_weight", "01Linear_bias", "scalar_0");
    }
  }

  @Test
  void memory_closedScopedOrMovedByTheBlock_agrees() throws IOException, OrtException {
    agrees(
        x -> {
          try (NDManager sub = NDManager.subManagerOf(x);
              NDArray one = sub.ones(new Shape(3))) {
            NDArray y = x.add(one);
            y.attach(sub);
            sub.tempAttachAll(x);
            sub.attachAll(y);
            return sub.ret(y).mul(2);
          }
        });
    Block scoped =
        Exports.lambda(
            x -> {
              try (NDScope scope = new NDScope()) {
                scope.suppressNotUsedWarning();
                NDArray y = x.add(1).mul(x.getManager().create(new float[] {1, 2, 3}));
                NDScope.unregister(y);
                return y;
              }
            });
    Exports.assertAgrees(scoped, SHAPE, 1e-6);
    try (NDScope outer = new NDScope()) {
      outer.suppressNotUsedWarning();
      Exports.model(scoped, SHAPE);
    }
  }

  @Test
  void inputs_changedByTheBlock_agrees() throws IOException, OrtException {
    Exports.assertAgrees(
        new LambdaBlock(
            list -> {
              list.add(list.get(0).add(1));
              return new NDList(list.remove(0).mul(list.remove(0)));
            }),
        SHAPE,
        1e-6);
  }

  @Test
  void names_thatTheExporterWouldGive_areTheUsersToTake() throws IOException, OrtException {
    ModelProto model = Exports.model(Exports.lambda(x -> x.add(1).mul(2)), SHAPE);
    Path file = Files.createTempFile("names", ".onnx");
    try {
      OnnxExporter.builder()
          .block(Exports.lambda(x -> x.add(1).mul(2)))
          .input("scalar_0", SHAPE)
          .output("add_0")
          .export(file);
      assertThat(Exports.run(Exports.parse(file).toByteArray(), new float[] {1, 2, 3}, 1, 3))
          .isEqualTo(Exports.run(model.toByteArray(), new float[] {1, 2, 3}, 1, 3))
          .containsExactly(4, 6, 8);
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void names_ofParameters_comeBeforeThoseTheExporterMakesUp() throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      AbstractBlock block = new NamedLikeANode();
      block.initialize(manager, DataType.FLOAT32, SHAPE);
      assertThat(Exports.model(block, SHAPE).getGraph().getInitializerList())
          .extracting(TensorProto::getName)
          .contains("mul_0");
    }
  }

  private static final class NamedLikeANode extends AbstractBlock {
    private final Parameter parameter =
        addParameter(
            Parameter.builder()
                .setName("mul_0")
                .setType(Parameter.Type.WEIGHT)
                .optShape(new Shape(1))
                .build());

    NamedLikeANode() {
      super((byte) 1);
      parameter.setInitializer(Initializer.ONES);
    }

    @Override
    protected NDList forwardInternal(
        ParameterStore store,
        NDList inputs,
        boolean training,
        @Nullable PairList<String, Object> params) {
      NDArray x = inputs.singletonOrThrow();
      return new NDList(x.mul(2).add(store.getValue(parameter, x.getDevice(), training)));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
      return inputShapes;
    }
  }

  @Test
  void write_inPlace_agrees() throws IOException, OrtException {
    agrees(x -> x.add(1).addi(x).muli(2).subi(0.5f).divi(4));
    agrees(
        x -> {
          NDArray y = x.mul(1);
          y.addi(1);
          NDArray z = y.mul(2); // of what has been written
          y.addi(5);
          return z.add(y);
        });
    agrees(
        x -> {
          NDArray constant = x.getManager().create(new float[] {1, 2, 3});
          NDArray y = x.mul(constant);
          constant.set(new float[] {4, 5, 6});
          constant.muli(2);
          NDArray target = x.getManager().create(new Shape(3));
          constant.copyTo(target);
          return y.mul(constant).add(target);
        });
  }

  @Test
  void output_inputItself_agrees() throws IOException, OrtException {
    agrees(x -> x);
    agrees(x -> x.duplicate().stopGradient());
  }

  @Test
  void output_sameArrayTwice_getsBothNames() throws IOException, OrtException {
    Block block =
        new LambdaBlock(
            list -> {
              NDArray y = list.singletonOrThrow().add(1);
              return new NDList(y, y, list.singletonOrThrow());
            });
    ModelProto model = Exports.model(block, new Shape(1, 2));
    assertThat(model.getGraph().getOutputList())
        .extracting(output -> output.getName())
        .containsExactly("output_0", "output_1", "output_2");
    assertThat(Exports.run(model.toByteArray(), new float[] {1, 2}, 1, 2)).containsExactly(2, 3);
  }

  @Test
  void inputs_two_bothArriveUnderTheirNames() throws IOException {
    Path file = Files.createTempFile("inputs", ".onnx");
    try {
      OnnxExporter.builder()
          .block(new LambdaBlock(list -> new NDList(list.get(1).sub(list.get(0)))))
          .input("a", SHAPE)
          .input("b", SHAPE, DataType.FLOAT32)
          .export(file);
      assertThat(Exports.node(Exports.parse(file), "Sub").getInputList()).containsExactly("b", "a");
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void names_ofAnAnonymousBlock_graphHasOneAllTheSame() throws IOException {
    SequentialBlock anonymous = new SequentialBlock() {};
    anonymous.add(Exports.lambda(x -> x.add(1)));
    assertThat(Exports.model(anonymous, SHAPE).getGraph().getName()).isEqualTo("TracingTest$1");
  }

  private static void agrees(UnaryOperator<NDArray> function) throws IOException, OrtException {
    Exports.assertAgrees(Exports.lambda(function), SHAPE, 1e-6);
  }
}
