// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.modality.cv.Image.Interpolation;
import ai.djl.modality.cv.util.NDImageUtils;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds interpolation against DJL, over sizes where rounding could decide between neighbours. */
class ResizeOperatorTest {

  /** float32 means of four terms of size 1. */
  private static final double TOLERANCE = 1e-5;

  private static final float[] STD = {0.5f, 0.6f, 0.7f};

  /** Modes, by their place in DJL's Image.Interpolation. */
  private static final int NEAREST = 0;

  private static final int BILINEAR = 1;
  private static final int AREA = 2;
  private static final int BICUBIC = 3;

  @ParameterizedTest
  @ValueSource(ints = {13, 17, 18, 19, 21})
  void interpolation_bilinear_anyLargerSizeAgrees(int opset) throws IOException, OrtException {
    List<UnaryOperator<NDArray>> functions = new ArrayList<>();
    for (long height : new long[] {6, 7, 11, 12, 18, 31, 60}) {
      for (long width : new long[] {7, 8, 10, 14, 21, 49}) {
        functions.add(interpolation(BILINEAR, height, width));
      }
    }
    agrees(Exports.all(functions), opset, TOLERANCE, 1, 2, 6, 7);
  }

  @ParameterizedTest
  @ValueSource(ints = {13, 17, 18, 19, 21})
  void interpolation_nearestByPowerOfTwo_isExact(int opset) throws IOException, OrtException {
    List<UnaryOperator<NDArray>> functions = new ArrayList<>();
    for (long height : new long[] {3, 6, 12, 24, 96}) {
      for (long width : new long[] {1, 2, 4, 8, 16, 128}) {
        functions.add(interpolation(NEAREST, height, width));
      }
    }
    agrees(Exports.all(functions), opset, 0, 1, 2, 12, 8);
    UnaryOperator<NDArray> line =
        x -> x.getNDArrayInternal().interpolation(new long[] {14}, NEAREST, false);
    agrees(Exports.lambda(line), opset, 0, 1, 2, 7);
    UnaryOperator<NDArray> volume =
        x -> x.getNDArrayInternal().interpolation(new long[] {6, 2, 10}, NEAREST, false);
    agrees(Exports.lambda(volume), opset, 0, 1, 2, 3, 4, 5);
  }

  @Test
  void resize_images_agrees() throws IOException, OrtException {
    List<UnaryOperator<NDArray>> functions =
        List.of(
            x -> NDImageUtils.resize(x, 10, 12, Interpolation.NEAREST),
            x -> NDImageUtils.resize(x, 9, 7, Interpolation.BILINEAR));
    agrees(Exports.all(functions), OnnxExporter.OPSET, TOLERANCE, 1, 6, 5, 3);
  }

  @Test
  void imagesToTensor_uint8_agrees() throws IOException, OrtException {
    Block block =
        Exports.lambda(
            x -> {
              NDArray pixels = x.mul(40).abs().toType(DataType.UINT8, false);
              NDArray scaled = NDImageUtils.toTensor(pixels);
              return NDImageUtils.normalize(scaled, new float[] {0.1f, 0.2f, 0.3f}, STD);
            });
    agrees(block, OnnxExporter.OPSET, TOLERANCE, 1, 6, 5, 3);
  }

  @Test
  void interpolation_otherModesSizesAndTypes_isRefused() {
    refuses(interpolation(NEAREST, 9, 7), "nearest interpolation of 6 elements to 9");
    refuses(interpolation(NEAREST, 6, 21), "power of two");
    refuses(interpolation(AREA, 3, 7), "mode 2");
    refuses(interpolation(BICUBIC, 12, 14), "mode 3");
    refuses(interpolation(BILINEAR, 5, 7), "bilinear interpolation of 6 elements to 5");
    refuses(
        x -> interpolation(BILINEAR, 12, 14).apply(x.toType(DataType.FLOAT64, false)), "float64");
  }

  private static UnaryOperator<NDArray> interpolation(int mode, long height, long width) {
    return x -> x.getNDArrayInternal().interpolation(new long[] {height, width}, mode, false);
  }

  private static void agrees(Block block, int opset, double tolerance, long... shape)
      throws IOException, OrtException {
    Agreement.of(block).normal(shape).batches(1, 3).opset(opset).tolerance(tolerance).holds();
  }

  private static void refuses(UnaryOperator<NDArray> function, String message) {
    assertThatThrownBy(() -> Exports.model(Exports.lambda(function), new Shape(1, 2, 6, 7)))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining(message);
  }
}
