// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;

/**
 * Makes random blocks of plain array code.
 *
 * @param names gets what was made, for messages
 */
record RandomArrayCode(Random random, List<String> names) {

  private Block named(String name, Shape in, Block layer) {
    names.add(name + " on " + in);
    return layer;
  }

  private Block lambda(String name, Shape in, UnaryOperator<NDArray> function) {
    return named(name, in, Exports.lambda(function));
  }

  /** Gives the same numbers, or some of them, another shape. */
  Block shaped(Shape in) {
    int rank = in.dimension();
    int last = rank - 1;
    long[] twiceLast = new long[rank];
    Arrays.fill(twiceLast, 1);
    twiceLast[last] = 2;
    int kind = random.nextInt(9);
    return switch (kind) {
      case 0 -> named("batchFlatten", in, Blocks.batchFlattenBlock());
      case 1 -> lambda("swapAxes", in, x -> x.swapAxes(1, last));
      case 2 -> lambda("expandDims, squeeze", in, x -> x.expandDims(1).squeeze(1));
      case 3 -> lambda("tail", in, x -> x.get("..., 1:").concat(x.get("..., :1"), -1));
      case 4 ->
          rank == 2
              ? lambda("expandDims", in, x -> x.expandDims(1))
              : lambda(
                  "rows of batch and channel",
                  in,
                  x ->
                      x.reshape(x.getShape().get(0) * x.getShape().get(1), -1)
                          .reshape(x.getShape()));
      case 5 ->
          rank == 4
              ? lambda(
                  "channels last",
                  in,
                  x -> x.transpose(0, 2, 3, 1).reshape(x.getShape().get(0), -1, in.get(1)))
              : lambda("repeat", in, x -> x.repeat(1, 2));
      case 6 ->
          lambda(
              "stack, mean",
              in,
              x -> NDArrays.stack(new NDList(x, x.neg())).mean(new int[] {0}).add(x));
      case 7 ->
          in.get(last) % 2 == 0
              ? lambda(
                  "split, mul",
                  in,
                  x -> {
                    NDList halves = x.split(2, last);
                    return halves.get(0).mul(Activation.sigmoid(halves.get(1)));
                  })
              : lambda("first row of each", in, x -> x.get(":, :1"));
      default -> lambda("tile", in, x -> x.tile(twiceLast));
    };
  }

  Block reduced(Shape in) {
    int last = in.dimension() - 1;
    int[] axis = {last};
    return switch (random.nextInt(7)) {
      case 0 -> lambda("mean", in, x -> last > 1 ? x.mean(axis) : x.mean(axis, true).add(x));
      case 1 -> lambda("sub max", in, x -> x.sub(x.max(axis, true)));
      case 2 -> lambda("div by sum", in, x -> x.div(x.abs().sum(axis, true).add(0.5)));
      case 3 -> lambda("softmax", in, x -> x.softmax(last));
      case 4 -> lambda("logSoftmax", in, x -> x.logSoftmax(1));
      case 5 -> lambda("min", in, x -> x.add(x.min(new int[] {1}, true)));
      default -> lambda("gram", in, x -> last == 2 ? x.matMul(x.transpose(0, 2, 1)).tanh() : x);
    };
  }

  Block arithmetic(Shape in) {
    float a = (1 + random.nextInt(8)) / 4f;
    int last = in.dimension() - 1;
    float[] row = Exports.ramp(Math.toIntExact(in.get(last)));
    Shape rowShape = new Shape(1, row.length);
    return switch (random.nextInt(9)) {
      case 0 -> lambda("numbers", in, x -> x.mul(a).add(0.25).sub(0.3).div(1.7));
      case 1 ->
          lambda(
              "row",
              in,
              x -> {
                NDArray constant = x.getManager().create(row, rowShape);
                return x.sub(constant).mul(constant.add(2));
              });
      case 2 -> lambda("exp", in, x -> x.tanh().exp());
      case 3 -> lambda("log", in, x -> x.abs().add(a).log());
      case 4 -> lambda("sqrt", in, x -> x.square().add(a).sqrt());
      case 5 -> lambda("clip", in, x -> x.clip(-a, a));
      case 6 -> lambda("pow", in, x -> x.abs().add(0.5).pow(a));
      case 7 -> lambda("where", in, x -> NDArrays.where(x.gt(0), x, x.mul(0.1)));
      default -> lambda("sin, cos", in, x -> x.sin().add(x.neg().cos()));
    };
  }
}
