// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static dev.coracle.inference.SoakModels.INT64;
import static dev.coracle.inference.SoakModels.UINT8;
import static dev.coracle.inference.SoakModels.image;
import static dev.coracle.inference.SoakModels.rows;
import static dev.coracle.inference.SoakModels.scalar;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.List;

/** The part of {@link SoakModels} that works on images, and on the shapes and types of tensors. */
final class SoakTensorModels {

  private SoakTensorModels() {}

  static void images(List<ModelProto> models) {
    models.add(
        image()
            .weights("w", 8, 4, 3, 3)
            .weights("b", 8)
            .node(
                "Conv x w b > y",
                "strides:is=2,2",
                "pads:is=1,1,1,1",
                "dilations:is=1,1",
                "group:i=1",
                "kernel_shape:is=3,3")
            .model());
    models.add(
        image()
            .weights("w", 4, 1, 3, 3)
            .node("Conv x w > c", "group:i=4", "auto_pad:s=SAME_UPPER")
            .node("Relu c > y")
            .model());
    models.add(
        image()
            .weights("w", 4, 2, 3, 3)
            .node(
                "ConvTranspose x w > y",
                "strides:is=2,2",
                "group:i=2",
                "output_padding:is=1,1",
                "pads:is=1,1,1,1")
            .model());
    models.add(
        image()
            .node("MaxPool x > y", "kernel_shape:is=2,2", "strides:is=2,2", "ceil_mode:i=1")
            .model());
    models.add(
        image()
            .node(
                "AveragePool x > y",
                "kernel_shape:is=3,3",
                "pads:is=1,1,1,1",
                "count_include_pad:i=1")
            .model());
    models.add(image().node("LpPool x > y", "kernel_shape:is=2,2", "p:i=2").model());
    models.add(image().node("GlobalAveragePool x > y").model());
    models.add(
        image()
            .weights("s", 4)
            .weights("b", 4)
            .weights("m", 4)
            .floats("v", 1, 1, 1, 1)
            .weights("w", 4, 4, 1, 1)
            .node("Conv x w > c")
            .node("BatchNormalization c s b m v > n", "epsilon:f=0.001")
            .node("Relu n > y")
            .model());
    models.add(
        image()
            .weights("s", 4)
            .weights("b", 4)
            .node("InstanceNormalization x s b > n")
            .node("LRN n > y", "size:i=3")
            .model());
    models.add(
        image()
            .floats("scales", 1, 1, 2, 2)
            .node(
                "Resize x _ scales > y",
                "mode:s=linear",
                "coordinate_transformation_mode:s=half_pixel")
            .model());
    models.add(
        image()
            .longs("sizes", 1, 4, 5, 5)
            .node("Resize x _ _ sizes > y", "mode:s=cubic", "cubic_coeff_a:f=-0.5")
            .model());
    models.add(
        new ModelBuilder()
            .opset(9)
            .input("x", 1, 4, 8, 8)
            .output("y")
            .floats("scales", 1, 1, 2, 2)
            .node("Upsample x scales > y", "mode:s=nearest")
            .model());
    models.add(
        image()
            .longs("pads", 0, 0, 1, 1, 0, 0, 1, 1)
            .floats("v", 0)
            .node("Pad x pads > p", "mode:s=reflect")
            .node("Pad p pads > q", "mode:s=edge")
            .node("Pad q pads > y", "mode:s=constant")
            .model());
    models.add(
        image()
            .node("SpaceToDepth x > d", "blocksize:i=2")
            .node("DepthToSpace d > y", "blocksize:i=2", "mode:s=DCR")
            .model());
    models.add(
        image()
            .floats("roi", 0, 0, 4, 4)
            .initializer(ModelBuilder.longTensor("batch", 0))
            .longs("shape", 1, 4)
            .node("Reshape roi shape > r")
            .node(
                "RoiAlign x r batch > y",
                "output_height:i=2",
                "output_width:i=2",
                "sampling_ratio:i=2",
                "spatial_scale:f=1")
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 1, 1, 8, 8)
            .output("y")
            .weights("w", 2, 1, 3, 3)
            .weights("f", 72, 3)
            .node("Conv x w > c")
            .node("Relu c > r")
            .node("Flatten r > t", "axis:i=1")
            .node("Gemm t f > g")
            .node("LogSoftmax g > y", "axis:i=1")
            .model());
    models.add(
        new ModelBuilder()
            .opset(16)
            .input("x", 1, 2, 4, 4)
            .output("y")
            .weights("grid", 1, 3, 3, 2)
            .node("GridSample x grid > y", "mode:s=bilinear", "padding_mode:s=zeros")
            .model());
    models.add(
        new ModelBuilder()
            .typedInput("x", UINT8, 1, 4, 8, 8)
            .output("y")
            .floats("s", 0.1f)
            .bytes("z", DataType.UINT8, new byte[] {3})
            .bytes("w", DataType.INT8, new byte[4 * 4 * 3 * 3], 4, 4, 3, 3)
            .bytes("wz", DataType.INT8, new byte[1])
            .initializer(TestModel.floats("scale", List.of(), 0.1f))
            .node("QLinearConv x scale z w scale wz scale z > q", "pads:is=1,1,1,1")
            .node("DequantizeLinear q scale z > y")
            .model());
    models.add(
        image()
            .initializer(TestModel.floats("scale", List.of(), 0.1f))
            .bytes("z", DataType.UINT8, new byte[] {3})
            .node("QuantizeLinear x scale z > q")
            .bytes("w", DataType.UINT8, new byte[4 * 4 * 1 * 1], 4, 4, 1, 1)
            .node("ConvInteger q w z z > c")
            .node("Cast c > y", "to:i=1")
            .model());
    models.add(
        image()
            .initializer(TestModel.floats("scale", List.of(), 0.1f))
            .bytes("z", DataType.UINT8, new byte[] {3})
            .weights("w", 4, 4, 3, 3)
            .node("QuantizeLinear x scale z > q")
            .node("DequantizeLinear q scale z > d")
            .node("QuantizeLinear w scale z > wq")
            .node("DequantizeLinear wq scale z > wd")
            .node("Conv d wd > c")
            .node("QuantizeLinear c scale z > cq")
            .node("DequantizeLinear cq scale z > y")
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 1, 8, 2)
            .output("y")
            .longs("indices", 0, 2)
            .longs("k", 3)
            .node("TopK x k > v i", "axis:i=1", "largest:i=1")
            .node("Gather v indices > y", "axis:i=1")
            .model());
  }

  static void shapes(List<ModelProto> models) {
    models.add(
        rows()
            .longs("s", 3, -1)
            .node("Reshape x s > r")
            .node("Transpose r > y", "perm:is=1,0")
            .model());
    models.add(
        rows()
            .longs("from", 1)
            .longs("to", 5)
            .longs("axes", 1)
            .longs("step", 2)
            .node("Slice x from to axes step > y")
            .model());
    models.add(
        rows()
            .longs("i", 1, 0, 1)
            .node("Gather x i > g", "axis:i=1")
            .node("Concat g x > y", "axis:i=1")
            .model());
    models.add(
        rows()
            .longs("i", 0, 1)
            .longs("s", 1, 2)
            .node("Reshape i s > j")
            .node("GatherND x j > y", "batch_dims:i=0")
            .model());
    models.add(
        rows()
            .longs("i", 0, 1, 1, 0)
            .longs("s", 2, 2)
            .node("Reshape i s > j")
            .node("GatherElements x j > g", "axis:i=1")
            .weights("u", 2, 2)
            .node("ScatterElements x j u > y", "axis:i=1", "reduction:s=add")
            .model());
    models.add(
        rows()
            .longs("i", 0, 1)
            .longs("s", 1, 2)
            .floats("u", 3)
            .node("Reshape i s > j")
            .node("ScatterND x j u > y")
            .model());
    models.add(
        rows()
            .longs("r", 2, 3)
            .node("Tile x r > t")
            .longs("s", 3, 4, 18)
            .node("Expand t s > y")
            .model());
    models.add(
        rows()
            .longs("parts", 2, 4)
            .node("Split x parts > a b", "axis:i=1")
            .node("ReduceSum a > c", "keepdims:i=1")
            .node("Add b c > y")
            .model());
    models.add(
        rows()
            .longs("axes", 0)
            .node("Unsqueeze x axes > u")
            .node("Squeeze u axes > s")
            .node("ReduceMean s > m", "axes:is=1", "keepdims:i=0")
            .node("Shape x > d", "start:i=0", "end:i=2")
            .node("ConstantOfShape d > f")
            .node("Add f x > y")
            .model());
    models.add(
        rows()
            .node("ArgMax x > a", "axis:i=1", "keepdims:i=0", "select_last_index:i=0")
            .longs("depth", 6)
            .floats("v", 0, 1)
            .node("OneHot a depth v > o", "axis:i=-1")
            .node("CumSum o axis > y", "exclusive:i=0")
            .initializer(scalar("axis", 1))
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 2, 6)
            .output("y", INT64)
            .node("NonZero x > n")
            .node("Transpose n > y")
            .model());
    models.add(
        rows()
            .initializer(scalar("a", 0))
            .initializer(scalar("b", 12))
            .initializer(scalar("c", 2))
            .node("Range a b c > r")
            .node("Cast r > f", "to:i=1")
            .node("Mul x f > y")
            .model());
    models.add(
        rows()
            .node("Trilu x > t", "upper:i=1")
            .node("EyeLike t > e", "k:i=1")
            .node("Where c e x > y")
            .bytes("c", DataType.BOOL, new byte[] {0, 1, 0, 1, 0, 1}, 6)
            .model());
    models.add(
        rows()
            .weights("w", 6, 6)
            .node("Einsum x w > e", "equation:s=ij,jk->ik")
            .node("MatMul e w > m")
            .node("Clip m > c")
            .node("Hardmax c > h", "axis:i=1")
            .node("Mod h x > y", "fmod:i=1")
            .model());
    models.add(
        rows()
            .bytes("d", DataType.INT64, new byte[96], 2, 6)
            .node("ReverseSequence x lengths > y", "batch_axis:i=0", "time_axis:i=1")
            .longs("lengths", 3, 6)
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 1, 8, 4)
            .output("y")
            .longs("d", 1, 2, 4, 4)
            .longs("blocks", 2, 2)
            .longs("image", 3, 3)
            .opset(18)
            .node(
                "Col2Im x image blocks > y",
                "dilations:is=1,1",
                "strides:is=1,1",
                "pads:is=0,0,0,0")
            .model());
    models.add(
        new ModelBuilder()
            .input("b", 1, 4, 4)
            .input("s", 1, 1, 4)
            .output("y", INT64)
            .longs("n", 3)
            .floats("iou", 0.5f)
            .floats("score", 0.1f)
            .node("NonMaxSuppression b s n iou score > y", "center_point_box:i=0")
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 1, 16, 1)
            .output("y")
            .initializer(scalar("n", 8))
            .node("DFT x n > d", "axis:i=1", "onesided:i=1")
            .node("Identity d > y")
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 1, 32)
            .output("y")
            .initializer(scalar("step", 4))
            .initializer(scalar("frame", 8))
            .floats("window", 1, 1, 1, 1, 1, 1, 1, 1)
            .node("STFT x step window frame > y", "onesided:i=1")
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 2, 3, 4)
            .output("y")
            .longs("k", 2)
            .longs("kd", 1)
            .node("Unique x > u i v c", "axis:i=0", "sorted:i=1")
            .node("Identity u > y")
            .model());
  }
}
