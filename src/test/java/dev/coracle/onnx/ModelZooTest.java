// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.basicmodelzoo.basic.Mlp;
import ai.djl.basicmodelzoo.cv.classification.AlexNet;
import ai.djl.basicmodelzoo.cv.classification.GoogLeNet;
import ai.djl.basicmodelzoo.cv.classification.LeNet;
import ai.djl.basicmodelzoo.cv.classification.MobileNetV1;
import ai.djl.basicmodelzoo.cv.classification.MobileNetV2;
import ai.djl.basicmodelzoo.cv.classification.NiN;
import ai.djl.basicmodelzoo.cv.classification.ResNetV1;
import ai.djl.basicmodelzoo.cv.classification.SqueezeNet;
import ai.djl.basicmodelzoo.cv.classification.VGG;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/**
 * Exports the networks of DJL's model zoo with weights as training leaves them: numbers of order
 * one from the first layer to the last, so that nothing hides below the tolerance.
 */
class ModelZooTest {

  private static final double TOLERANCE = 1e-4;

  @Test
  void mlp_agrees() throws IOException, OrtException {
    agrees(new Mlp(28 * 28, 10, new int[] {128, 64}), new Shape(1, 1, 28, 28));
  }

  @Test
  void leNet_agrees() throws IOException, OrtException {
    agrees(LeNet.builder().build(), new Shape(1, 1, 28, 28));
  }

  @Test
  void alexNet_agrees() throws IOException, OrtException {
    int[] narrow = {96, 256, 384, 384, 256, 512, 512};
    agrees(AlexNet.builder().setNumChannels(narrow).build(), new Shape(1, 3, 67, 67));
  }

  @Test
  void vgg_agrees() throws IOException, OrtException {
    int[][] narrow = {{1, 16}, {1, 32}, {2, 64}, {2, 128}, {2, 128}};
    agrees(VGG.builder().setConvArch(narrow).build(), new Shape(1, 3, 32, 32));
  }

  @Test
  void niN_agrees() throws IOException, OrtException {
    agrees(NiN.builder().build(), new Shape(1, 3, 67, 67));
  }

  @Test
  void googLeNet_agrees() throws IOException, OrtException {
    agrees(GoogLeNet.builder().build(), new Shape(1, 3, 33, 33));
  }

  @Test
  void squeezeNet_agrees() throws IOException, OrtException {
    agrees(SqueezeNet.squeezenet(10), new Shape(1, 3, 36, 36));
  }

  @Test
  void resNet18_agrees() throws IOException, OrtException {
    agrees(resNet(18), new Shape(1, 3, 33, 33));
  }

  @Test
  void resNet50_agrees() throws IOException, OrtException {
    agrees(resNet(50), new Shape(1, 3, 33, 33));
  }

  private static Block resNet(int layers) {
    return ResNetV1.builder()
        .setImageShape(new Shape(3, 33, 33)) // from 33 on as for photographs
        .setNumLayers(layers)
        .setOutSize(10)
        .optBatchNormMomentum(0)
        .build();
  }

  @Test
  void mobileNetV1_agrees() throws IOException, OrtException {
    agrees(MobileNetV1.builder().optBatchNormMomentum(0).build(), new Shape(1, 3, 32, 32));
  }

  @Test
  void mobileNetV2_agrees() throws IOException, OrtException {
    agrees(MobileNetV2.builder().optBatchNormMomentum(0).build(), new Shape(1, 3, 32, 32));
  }

  /** Compares at every batch of 1, 2, 7 and 64. */
  private static void agrees(Block block, Shape shape) throws IOException, OrtException {
    try (NDManager manager = NDManager.newBaseManager()) {
      block.initialize(manager, DataType.FLOAT32, shape);
      Weights.fill(block, 3);
      Engine.getInstance().setRandomSeed(7);
      long[] dims = shape.getShape().clone();
      dims[0] = 16;
      NDList images = new NDList(manager.randomNormal(new Shape(dims)));
      // With momentum 0, batch normalization takes over the statistics of these images.
      block.forward(new ParameterStore(manager, false), images, true);
      Weights.calm(block);
      NDArray output =
          block.forward(new ParameterStore(manager, false), images, false).singletonOrThrow();
      double size = Math.sqrt(output.square().mean().getFloat());
      assertThat(size).as("root mean square of the output").isBetween(0.1, 10.0);
      Agreement.of(block)
          .normal(shape.getShape())
          .batches(1, 2, 7, 64)
          .tolerance(TOLERANCE)
          .holds();
    }
  }
}
