// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.basicmodelzoo.cv.object_detection.ssd.SingleShotDetection;
import ai.djl.basicmodelzoo.tabular.TabNet;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.ConstantEmbedding;
import ai.djl.nn.core.LinearCollection;
import ai.djl.nn.core.Multiplication;
import ai.djl.nn.core.SparseMax;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** DJL's blocks and models that are more than a stack of layers, at batches up to 64. */
class StructuredBlocksTest {

  @Test
  void linearCollection_agrees() throws IOException, OrtException {
    agrees(LinearCollection.builder().setUnits(4).build(), 1, 3, 5);
    agrees(LinearCollection.builder().setUnits(4).optBias(false).build(), 1, 3, 5);
  }

  @Test
  void multiplication_agrees() throws IOException, OrtException {
    agrees(Multiplication.builder().setUnits(4).build(), 1, 5);
  }

  @Test
  void sparseMax_agrees() throws IOException, OrtException {
    agrees(new SparseMax(), 1, 6);
    agrees(new SparseMax(1, 2), 1, 6, 3);
  }

  @Test
  void constantEmbedding_besideTheInput_agrees() throws IOException, OrtException {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray embedding = manager.create(new float[] {1, 2, 3});
      Block block = new ConstantEmbedding(embedding);
      agrees(new BesideTheInput(block).block(), 1, 4, 3);
    }
  }

  /** Adds what a block makes of the first column to all of the input. */
  private record BesideTheInput(Block inner) {
    Block block() {
      return new ParallelBlock(
          lists -> new NDList(lists.get(0).head().add(lists.get(1).head().expandDims(1))),
          List.of(
              Exports.lambda(x -> x),
              new SequentialBlock().add(Exports.lambda(x -> x.get(":, 0, 0"))).add(inner)));
    }
  }

  @Test
  void tabNet_agrees() throws IOException, OrtException {
    agrees(
        TabNet.builder().setInputDim(12).setOutDim(3).optNumA(6).optNumD(6).optNumSteps(3).build(),
        1,
        12);
  }

  @Test
  void singleShotDetection_agrees() throws IOException, OrtException {
    List<List<Float>> sizes = new ArrayList<>();
    List<List<Float>> ratios = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      sizes.add(List.of(0.2f + 0.1f * i, 0.25f + 0.1f * i));
      ratios.add(List.of(1f, 2f, 0.5f));
    }
    SequentialBlock network = new SequentialBlock();
    for (int filters : new int[] {4, 8}) {
      network.add(SingleShotDetection.getDownSamplingBlock(filters));
    }
    agrees(
        SingleShotDetection.builder()
            .setNumClasses(2)
            .setNumFeatures(3)
            .optGlobalPool(true)
            .setRatios(ratios)
            .setSizes(sizes)
            .setBaseNetwork(network)
            .build(),
        1,
        3,
        32,
        48);
  }

  /** Fills the block with numbers as training leaves them, so that outputs are of order one. */
  private static void agrees(Block block, long... shape) throws IOException, OrtException {
    try (NDManager manager = NDManager.newBaseManager()) {
      block.initialize(manager, DataType.FLOAT32, new Shape(shape));
      Weights.fill(block, 17);
      Agreement.of(block)
          .input(DataType.FLOAT32, shape)
          .batches(1, 2, 7, 64)
          .tolerance(1e-4)
          .holds();
    }
  }
}
