// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.pooling.Pool;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds each pool against DJL, over all sizes where windows end before, at and after an axis. */
class PoolingOperatorTest {

  /** ONNX Runtime makes padding of the pool of it, which is less than any number. */
  @Test
  void maxPool_behindZeros_keepsThem() throws IOException, OrtException {
    Agreement.of(
            x ->
                x.pad(new Shape(1, 1, 1, 1), 0)
                    .getNDArrayInternal()
                    .maxPool(new Shape(3, 3), new Shape(2, 2), new Shape(0, 0), false))
        .between(-40, -1, DataType.FLOAT32, 1, 2, 6, 6)
        .holds();
    Agreement.of(
            x ->
                x.toType(DataType.FLOAT32, false)
                    .pad(new Shape(15, 15), 0)
                    .getNDArrayInternal()
                    .maxPool(new Shape(31), new Shape(8), new Shape(0), false))
        .between(-9, -1, DataType.INT32, 1, 1, 64)
        .holds();
  }

  /** Together they would be more padding than ONNX Runtime takes. */
  @Test
  void avgPool_behindZeros_countsThem() throws IOException, OrtException {
    Agreement.of(
            x ->
                x.pad(new Shape(1, 2, 1, 2), 0)
                    .getNDArrayInternal()
                    .avgPool(new Shape(3, 3), new Shape(4, 4), new Shape(1, 1), true, true))
        .normal(1, 4, 6, 6)
        .holds();
  }

  /** float32 sums of some dozens of terms of size 1, in another order. */
  private static final double TOLERANCE = 1e-5;

  /** Kernel, stride and padding, which PyTorch allows up to half of the kernel. */
  private record Window(long kernel, long stride, long pad) {

    private static List<Window> all() {
      List<Window> all = new ArrayList<>();
      for (long kernel = 1; kernel <= 4; kernel++) {
        for (long stride = 1; stride <= 5; stride++) {
          for (long pad = 0; pad <= kernel / 2; pad++) {
            all.add(new Window(kernel, stride, pad));
          }
        }
      }
      return all;
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {13, 17, 21})
  void pools_everyWindowAndSize_agree(int opset) throws IOException, OrtException {
    for (int size = opset == 17 ? 4 : 7; size <= 9; size++) {
      List<UnaryOperator<NDArray>> pools = new ArrayList<>();
      for (Window window : Window.all()) {
        Shape kernel = new Shape(window.kernel());
        Shape stride = new Shape(window.stride());
        Shape pad = new Shape(window.pad());
        for (boolean ceil : new boolean[] {false, true}) {
          pools.add(x -> Pool.maxPool1d(x, kernel, stride, pad, ceil));
          pools.add(x -> Pool.avgPool1d(x, kernel, stride, pad, ceil, true));
          pools.add(x -> Pool.avgPool1d(x, kernel, stride, pad, ceil, false));
          if (window.pad() == 0) {
            pools.add(x -> Pool.lpPool1d(x.mul(x), 3, kernel, stride, pad, ceil));
          }
        }
      }
      Agreement.of(Exports.all(pools))
          .normal(1, 2, size)
          .batches(2)
          .opset(opset)
          .tolerance(TOLERANCE)
          .holds();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void pools_differentAxes_agree(boolean ceil) throws IOException, OrtException {
    Shape kernel = new Shape(3, 2);
    Shape stride = new Shape(2, 3);
    Shape pad = new Shape(1, 0);
    Shape image = new Shape(1, 2, 8, 9);
    agrees(Pool.maxPool2dBlock(kernel, stride, pad, ceil), image);
    agrees(Pool.avgPool2dBlock(kernel, stride, pad, ceil, true), image);
    agrees(Pool.avgPool2dBlock(kernel, stride, pad, ceil, false), image);
    agrees(Pool.lpPool2dBlock(2, kernel, stride, new Shape(0, 0), ceil), image);
    Shape kernel3 = new Shape(3, 2, 2);
    Shape stride3 = new Shape(2, 3, 1);
    Shape pad3 = new Shape(1, 0, 1);
    Shape volume = new Shape(1, 2, 8, 6, 5);
    agrees(Pool.maxPool3dBlock(kernel3, stride3, pad3, ceil), volume);
    agrees(Pool.avgPool3dBlock(kernel3, stride3, pad3, ceil, true), volume);
    agrees(Pool.avgPool3dBlock(kernel3, stride3, pad3, ceil, false), volume);
  }

  @Test
  void globalPools_agree() throws IOException, OrtException {
    Shape line = new Shape(1, 3, 7);
    agrees(Pool.globalMaxPool1dBlock(), line);
    agrees(Pool.globalAvgPool1dBlock(), line);
    agrees(Pool.globalLpPool1dBlock(2), line);
    Shape image = new Shape(1, 3, 4, 5);
    agrees(Pool.globalMaxPool2dBlock(), image);
    agrees(Pool.globalAvgPool2dBlock(), image);
    agrees(Pool.globalLpPool2dBlock(4), image);
    Shape volume = new Shape(1, 3, 2, 4, 3);
    agrees(Pool.globalMaxPool3dBlock(), volume);
    agrees(Pool.globalAvgPool3dBlock(), volume);
  }

  @Test
  void lpPool_anyPower_followsPyTorchNotOnnx() throws IOException, OrtException {
    Shape kernel = new Shape(3);
    Shape none = new Shape(0);
    // ONNX's LpPool would take absolute values. The root of what is below 0 is NaN in both.
    for (float power : new float[] {1, 3}) {
      Agreement.of(x -> Pool.lpPool1d(x, power, kernel, kernel, none, false))
          .normal(1, 2, 9)
          .tolerance(TOLERANCE)
          .orNaN()
          .holds();
    }
    for (float power : new float[] {1, 1.5f, 2, 3}) {
      agrees(
          Exports.lambda(x -> Pool.lpPool1d(x.mul(x), power, kernel, new Shape(1), none, true)),
          new Shape(1, 2, 9));
      agrees(Exports.lambda(x -> Pool.globalLpPool1d(x.mul(x), power)), new Shape(1, 2, 9));
    }
  }

  @Test
  void maxPool_ceilMode_isWrittenAsPadding() throws IOException {
    ModelProto model =
        Exports.model(
            Pool.maxPool2dBlock(new Shape(3, 3), new Shape(2, 2), new Shape(0, 0), true),
            new Shape(1, 1, 6, 7));
    assertThat(Exports.node(model, "MaxPool").getAttributeList())
        .noneMatch(attribute -> attribute.getName().equals("ceil_mode"))
        .filteredOn(attribute -> attribute.getName().equals("pads"))
        .singleElement()
        .satisfies(pads -> assertThat(pads.getIntsList()).containsExactly(0L, 0L, 1L, 0L));
  }

  @Test
  void avgPool_ceilModeOfDynamicAxis_isRefused() {
    Block pool = Pool.avgPool1dBlock(new Shape(3), new Shape(1), new Shape(0), true);
    assertThatThrownBy(Agreement.of(pool).normal(1, 2, 9).axis(2, "length")::model)
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("depends on the size of an axis");
  }

  @Test
  void float64_whereOnnxRuntimeHasNone_isRefused() {
    Shape kernel = new Shape(2);
    Shape none = new Shape(0);
    List<UnaryOperator<NDArray>> pools =
        List.of(
            x -> Pool.avgPool1d(x, kernel, kernel, none, false, true),
            x -> Pool.lpPool1d(x, 2, kernel, kernel, none, false),
            Pool::globalAvgPool1d,
            Pool::globalMaxPool1d,
            x -> Pool.globalLpPool1d(x, 2));
    for (UnaryOperator<NDArray> pool : pools) {
      Block block = Exports.lambda(x -> pool.apply(x.toType(DataType.FLOAT64, false)));
      assertThatThrownBy(() -> Exports.model(block, new Shape(1, 2, 6)))
          .isInstanceOf(ExportException.class)
          .hasMessageContaining("float64");
    }
  }

  @Test
  void maxPool_float64_agrees() throws IOException, OrtException {
    agrees(
        Exports.lambda(
            x ->
                Pool.maxPool1d(
                        x.toType(DataType.FLOAT64, false),
                        new Shape(3),
                        new Shape(2),
                        new Shape(1),
                        true)
                    .toType(DataType.FLOAT32, false)),
        new Shape(1, 2, 8));
  }

  private static void agrees(Block block, Shape shape) throws IOException, OrtException {
    Agreement.of(block).normal(shape.getShape()).tolerance(TOLERANCE).holds();
  }
}
