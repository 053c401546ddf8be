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
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.GhostBatchNorm;
import ai.djl.nn.norm.LayerNorm;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds batch and layer normalization against DJL. */
class NormalizationOperatorTest {

  /** float32 sums of some dozens of terms of size 1, in another order. */
  private static final double TOLERANCE = 1e-5;

  @ParameterizedTest
  @CsvSource({"13,1", "13,2", "14,1", "15,1", "17,1", "17,2", "17,3", "21,1", "21,3"})
  void batchNorm_everyAxis_agrees(int opset, int axis) throws IOException, OrtException {
    Shape shape = new Shape(1, 3, 4, 5);
    agrees(BatchNorm.builder().optAxis(axis).optEpsilon(0.01f).build(), shape, opset);
  }

  @Test
  void batchNorm_everyRank_agrees() throws IOException, OrtException {
    for (Shape shape :
        new Shape[] {new Shape(1, 6), new Shape(1, 6, 3), new Shape(1, 6, 2, 3, 2)}) {
      agrees(BatchNorm.builder().build(), shape, OnnxExporter.OPSET);
    }
  }

  @Test
  void batchNorm_axis2_isNamedAfterParameters() throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block block = new SequentialBlock().add(BatchNorm.builder().optAxis(2).build());
      Shape shape = new Shape(1, 3, 4);
      block.initialize(manager, DataType.FLOAT32, shape);
      ModelProto model = Exports.model(block, shape);
      assertThat(model.getGraph().getNodeList())
          .extracting(NodeProto::getOpType)
          .containsExactly("Mul", "Add");
      assertThat(model.getGraph().getInitializerList())
          .extracting(TensorProto::getName)
          .containsExactly("01BatchNorm_gamma_scale", "01BatchNorm_beta_shift");
    }
  }

  @Test
  void batchNorm_float64_agrees() throws IOException, OrtException {
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int axis : new int[] {1, 2}) {
        NDArray some = manager.create(new double[] {0.5, 2, 0.7}, new Shape(3));
        Block block =
            Exports.lambda(
                x -> {
                  NDArray wide = x.toType(DataType.FLOAT64, false);
                  return BatchNorm.batchNorm(wide, some, some, some, some, axis, 0.9f, 1e-5f, false)
                      .singletonOrThrow();
                });
        Agreement.of(block).normal(1, 3, 3).tolerance(1e-9).holds();
      }
    }
  }

  @Test
  void batchNorm_negativeAxisOrParametersFromInput_isRefused() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray some = manager.create(new float[] {0.5f, 2, 0.7f}, new Shape(3));
      refuses(
          Exports.lambda(
              x ->
                  BatchNorm.batchNorm(x, some, some, some, some, -1, 0.9f, 1e-5f, false)
                      .singletonOrThrow()),
          "axis -1",
          "count it from 0");
      refuses(
          Exports.lambda(
              x -> {
                NDArray gamma = x.reshape(-1, 3).softmax(0).reshape(-1);
                return BatchNorm.batchNorm(
                        x.reshape(1, 1, -1), gamma, gamma, gamma, gamma, 2, 0.9f, 1e-5f, false)
                    .singletonOrThrow();
              }),
          "depend on the input");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {13, 16, 17, 21})
  void layerNorm_everyForm_agrees(int opset) throws IOException, OrtException {
    Shape shape = new Shape(1, 3, 4, 5);
    agrees(LayerNorm.builder().build(), shape, opset);
    agrees(LayerNorm.builder().axis(3).optEpsilon(0.01f).build(), shape, opset);
    agrees(LayerNorm.builder().axis(2, 3).build(), shape, opset);
    agrees(LayerNorm.builder().build(), new Shape(1, 6), opset);
  }

  @Test
  void ghostBatchNorm_upToVirtualBatch_agrees() throws IOException, OrtException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Shape shape = new Shape(1, 3, 4);
      Block block = GhostBatchNorm.builder().optVirtualBatchSize(64).build();
      block.initialize(manager, DataType.FLOAT32, shape);
      Weights.fill(block, 5);
      Agreement.of(block).normal(shape.getShape()).batches(1, 2, 64).tolerance(TOLERANCE).holds();
    }
  }

  @Test
  void missingGamma_whichTheEngineRefuses_isRefused() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray some = manager.create(new float[] {0.5f, 2, 0.7f}, new Shape(3));
      refuses(
          Exports.lambda(
              x ->
                  BatchNorm.batchNorm(x, some, some, null, null, 1, 0.9f, 1e-5f, false)
                      .singletonOrThrow()),
          "NullPointerException");
      refuses(
          Exports.lambda(
              x -> LayerNorm.layerNorm(x, new Shape(3), null, null, 1e-5f).singletonOrThrow()),
          "NullPointerException");
    }
  }

  private static void refuses(Block block, String... message) {
    assertThatThrownBy(() -> Exports.model(block, new Shape(1, 3, 3)))
        .isInstanceOf(ExportException.class)
        .hasMessageContainingAll(message);
  }

  private static void agrees(Block block, Shape shape, int opset) throws IOException, OrtException {
    try (NDManager manager = NDManager.newBaseManager()) {
      block.initialize(manager, DataType.FLOAT32, shape);
      Weights.fill(block, 5);
      Agreement.of(block).normal(shape.getShape()).opset(opset).tolerance(TOLERANCE).holds();
    }
  }
}
