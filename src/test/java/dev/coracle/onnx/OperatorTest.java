// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.pooling.Pool;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Holds each translated operator, with each of its arguments, against DJL, or shows its refusal.
 */
class OperatorTest {

  /** float32 sums of some hundred terms of size 1, in another order. */
  private static final double TOLERANCE = 1e-5;

  @Test
  void conv1d_allArguments_agrees() throws IOException, OrtException {
    agrees(
        Conv1d.builder()
            .setKernelShape(new Shape(3))
            .setFilters(6)
            .optStride(new Shape(2))
            .optPadding(new Shape(1))
            .optDilation(new Shape(2))
            .optGroups(2)
            .build(),
        new Shape(1, 4, 19));
  }

  @ParameterizedTest
  @CsvSource({"1,1,0,0,1,1,1,true", "2,1,1,2,1,2,2,true", "1,3,2,0,2,1,4,false"})
  void conv2d_allArguments_agrees(
      int strideY,
      int strideX,
      int padY,
      int padX,
      int dilationY,
      int dilationX,
      int groups,
      boolean bias)
      throws IOException, OrtException {
    agrees(
        Conv2d.builder()
            .setKernelShape(new Shape(2, 3))
            .setFilters(8)
            .optStride(new Shape(strideY, strideX))
            .optPadding(new Shape(padY, padX))
            .optDilation(new Shape(dilationY, dilationX))
            .optGroups(groups)
            .optBias(bias)
            .build(),
        new Shape(1, 4, 9, 11));
  }

  @Test
  void conv3d_agrees() throws IOException, OrtException {
    agrees(
        Conv3d.builder().setKernelShape(new Shape(2, 3, 1)).setFilters(3).build(),
        new Shape(1, 2, 5, 6, 4));
  }

  @Test
  void convolution_oneStrideForTwoAxes_isRefused() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray weight = manager.ones(new Shape(2, 1, 3, 3));
      refuses(
          x ->
              x.getNDArrayInternal()
                  .convolution(x, weight, null, new Shape(1), new Shape(0, 0), new Shape(1, 1), 1)
                  .singletonOrThrow(),
          new Shape(1, 1, 5, 5),
          "[1] where the input has 2 axes");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void linear_rank2_agrees(boolean bias) throws IOException, OrtException {
    agrees(Linear.builder().setUnits(5).optBias(bias).build(), new Shape(1, 7));
  }

  @Test
  void maxPool_1dTo3dWithStrideAndPadding_agrees() throws IOException, OrtException {
    agrees(Pool.maxPool1dBlock(new Shape(3), new Shape(2), new Shape(1)), new Shape(1, 2, 10));
    agrees(
        Pool.maxPool2dBlock(new Shape(3, 2), new Shape(2, 3), new Shape(1, 0)),
        new Shape(1, 2, 10, 9));
    agrees(
        Pool.maxPool3dBlock(new Shape(2, 2, 2), new Shape(2, 1, 2), new Shape(1, 1, 0)),
        new Shape(1, 2, 5, 4, 6));
  }

  @Test
  void maxPool_rankWithoutChannels_isRefused() {
    refuses( // two sizes for the one axis after (N,C)
        x ->
            x.getNDArrayInternal()
                .maxPool(new Shape(2, 2), new Shape(2, 2), new Shape(0, 0), false),
        new Shape(1, 6, 6),
        "Expected 1 values, but instead got 2");
  }

  @Test
  void reshape_everyFormOfBatchAxis_agrees() throws IOException, OrtException {
    Shape shape = new Shape(1, 4, 6);
    agrees(x -> x.reshape(x.getShape().get(0), -1), shape);
    agrees(x -> x.reshape(-1), shape);
    agrees(x -> x.reshape(-1, 3), shape);
    agrees(x -> x.reshape(x.getShape().get(0) * 2, -1), shape);
    agrees(x -> x.reshape(2, x.getShape().get(0), 12), shape);
    agrees(x -> x.reshape(6, -1, 2), shape);
    agrees(x -> x.reshape(-1, 4, 6), shape);
    agrees(x -> x.reshape(new Shape(x.getShape().get(0), 24)).reshape(x.getShape()), shape);
    agrees(x -> x.reshape(x.getShape().get(0) * 4, 6).reshape(x.getShape().get(0), 2, -1), shape);
    agrees(x -> x.reshape(x.size() / 3, 3), shape);
    agrees(x -> x.reshape(1, -1).reshape(x.getShape().get(0), 1, 24, 1), shape);
  }

  @Test
  void reshape_keptBatchAxis_keepsStaticSizes() throws IOException {
    ModelProto model =
        Exports.model(Exports.lambda(x -> x.reshape(x.getShape().get(0), -1)), new Shape(1, 4, 6));
    assertThat(model.getGraph().getInitializer(0).getRawData().asReadOnlyByteBuffer().get(8))
        .as("24 rather than -1")
        .isEqualTo((byte) 24);
  }

  @Test
  void reshape_sizeZero_isRefused() {
    refuses(x -> x.reshape(0, 5), new Shape(1, 4), "");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, -1, -3})
  void logSoftmax_anyAxis_agrees(int axis) throws IOException, OrtException {
    agrees(x -> x.logSoftmax(axis), new Shape(1, 4, 6));
  }

  @Test
  void arithmetic_numbers_agrees() throws IOException, OrtException {
    Shape shape = new Shape(1, 5);
    agrees(x -> x.add(2).sub(0.1).mul(-3.5f).div(7L), shape);
    agrees(x -> x.add(0.1).add(0.1f), shape);
    agrees(x -> x.mul(-0.0).add(0.0), shape);
  }

  @Test
  void arithmetic_broadcast_agrees() throws IOException, OrtException {
    Shape shape = new Shape(1, 3, 4);
    agrees(x -> x.add(x), shape);
    agrees(x -> x.sub(constant(x, 4)).div(constant(x, 3, 1).add(2)), shape);
    agrees(x -> constant(x, 1, 1, 3, 4).mul(x), shape);
    agrees(x -> constant(x).sub(x), shape);
    agrees(x -> x.reshape(-1, 1, 3, 4).mul(x.reshape(1, -1, 3, 4)), shape);
  }

  @Test
  void relu_wholeNumbers_isRefused() {
    refuses(
        x -> x.toType(DataType.INT32, false).getNDArrayInternal().relu(), new Shape(1, 3), "int32");
  }

  @Test
  void toType_thereAndBack_agrees() throws IOException, OrtException {
    for (DataType type :
        new DataType[] {DataType.INT32, DataType.INT64, DataType.FLOAT64, DataType.BOOLEAN}) {
      agrees(x -> x.mul(3).toType(type, false).toType(DataType.FLOAT32, true), new Shape(1, 9));
    }
  }

  @Test
  void toType_sameType_leavesNoNode() throws IOException, OrtException {
    Block block = Exports.lambda(x -> x.toType(DataType.FLOAT32, true).add(1));
    assertThat(Exports.model(block, new Shape(1, 3)).getGraph().getNodeCount()).isEqualTo(1);
  }

  @Test
  void dropout_inference_leavesNoNode() throws IOException, OrtException {
    SequentialBlock block =
        new SequentialBlock()
            .add(Linear.builder().setUnits(4).build())
            .add(Dropout.builder().optRate(0.5f).build())
            .add(Linear.builder().setUnits(3).build());
    try (NDManager manager = NDManager.newBaseManager()) {
      block.initialize(manager, DataType.FLOAT32, new Shape(1, 5));
      agrees(block, new Shape(1, 5));
      assertThat(Exports.model(block, new Shape(1, 5)).getGraph().getNodeList())
          .extracting(node -> node.getOpType())
          .containsExactly("Gemm", "Gemm");
    }
  }

  @Test
  void dropout_calledOnAnotherArray_passesItsArgumentOn() throws IOException, OrtException {
    agrees(
        x -> {
          NDArray y = x.mul(2);
          return x.getNDArrayInternal().dropout(y, 0.5f, false).singletonOrThrow();
        },
        new Shape(1, 3));
  }

  /** Initializes the block if need be, and compares. */
  private static void agrees(Block block, Shape shape) throws IOException, OrtException {
    try (NDManager manager = NDManager.newBaseManager()) {
      if (!block.isInitialized()) {
        block.initialize(manager, DataType.FLOAT32, shape);
      }
      Exports.assertAgrees(block, shape, TOLERANCE);
    }
  }

  private static void agrees(UnaryOperator<NDArray> function, Shape shape)
      throws IOException, OrtException {
    Exports.assertAgrees(Exports.lambda(function), shape, TOLERANCE);
  }

  private static NDArray constant(NDArray x, long... dims) {
    Shape shape = new Shape(dims);
    return x.getManager().create(Exports.ramp((int) shape.size()), shape);
  }

  private static void refuses(UnaryOperator<NDArray> function, Shape shape, String... message) {
    assertThatThrownBy(() -> Exports.model(Exports.lambda(function), shape))
        .isInstanceOf(ExportException.class)
        .hasMessageContainingAll(message);
  }
}
