// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.nn.pooling.Pool;
import ai.djl.nn.recurrent.LSTM;
import dev.coracle.net.Net;
import java.util.LinkedHashMap;
import java.util.Map;

/** Blocks that together use every operator whose form changes from one opset to another. */
final class SampleBlocks {

  /** An initialized block and the shape of its float32 input. */
  record Sample(Block block, Shape shape) {}

  private SampleBlocks() {}

  /** Makes the blocks, by name; their parameters belong to the manager. */
  static Map<String, Sample> all(NDManager manager) {
    Shape image = new Shape(1, 2, 7, 8);
    Shape rows = new Shape(1, 6);
    Map<String, Sample> samples = new LinkedHashMap<>();
    samples.put("Net", new Sample(new Net(), new Shape(1, 1, Net.SIZE, Net.SIZE)));
    samples.put(
        "convolution",
        new Sample(
            new SequentialBlock()
                .add(
                    Conv2d.builder()
                        .setKernelShape(new Shape(3, 2))
                        .setFilters(4)
                        .optStride(new Shape(1, 2))
                        .optPadding(new Shape(1, 1))
                        .optGroups(2)
                        .build())
                .add(Activation::relu)
                .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 1), new Shape(1, 0))),
            image));
    samples.put("linear", new Sample(Linear.builder().setUnits(5).build(), rows));
    samples.put(
        "sizes", // Shape, Gather, Mul and Concat, as there are two sizes in one target
        new Sample(
            Exports.lambda(
                x -> x.reshape(-1, 2).mul(x.getShape().get(0)).reshape(x.getShape().get(0), 6)),
            rows));
    samples.put(
        "averagePool", // 19: dilations, and another rule for ceil mode
        new Sample(
            Pool.avgPool2dBlock(new Shape(3, 2), new Shape(2, 2), new Shape(1, 1), false, true),
            image));
    samples.put("batchNorm", new Sample(BatchNorm.builder().build(), image)); // 14, 15
    samples.put("layerNorm", new Sample(LayerNorm.builder().build(), rows)); // 17
    samples.put("mish", new Sample(Activation.mishBlock(), rows)); // 18
    samples.put("gelu", new Sample(Activation.geluBlock(), rows)); // 20
    samples.put("selu", new Sample(Activation.seluBlock(), rows));
    samples.put(
        "reductions", // 18: axes are an input
        new Sample(
            Exports.lambda(
                x ->
                    x.mean(new int[] {1}, true)
                        .add(x.max(new int[] {1}, true))
                        .add(x.min(new int[] {1}, true))
                        .add(x.sum(new int[] {1}, true))
                        .add(x.prod(new int[] {1}, true))),
            rows));
    samples.put(
        "split", // 18: num_outputs
        new Sample(
            Exports.lambda(
                x -> {
                  NDList parts = x.split(3, 1);
                  return NDArrays.concat(new NDList(parts.get(2), parts.get(0)), 1);
                }),
            rows));
    samples.put(
        "squeeze", new Sample(Exports.lambda(x -> x.expandDims(1).mul(2).squeeze(1)), rows));
    samples.put("slice", new Sample(Exports.lambda(x -> x.get(":, 1:5:2")), rows));
    samples.put("clip", new Sample(Exports.lambda(x -> x.clip(-0.5, 0.5)), rows));
    samples.put("cumSum", new Sample(Exports.lambda(x -> x.cumSum(1)), rows)); // 14
    samples.put(
        "where", new Sample(Exports.lambda(x -> NDArrays.where(x.gt(0), x, x.mul(0.1))), rows));
    samples.put("softmax", new Sample(Exports.lambda(x -> x.softmax(1)), rows));
    samples.put(
        "lstm", // 14: layout
        new Sample(
            LSTM.builder().setNumLayers(1).setStateSize(3).optBatchFirst(true).build(),
            new Shape(1, 4, 3)));
    samples.forEach(
        (name, sample) -> sample.block().initialize(manager, DataType.FLOAT32, sample.shape()));
    return samples;
  }
}
