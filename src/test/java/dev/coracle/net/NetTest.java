// SPDX-License-Identifier: Apache-2.0
package dev.coracle.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.SoftmaxCrossEntropyLoss;
import ai.djl.util.Pair;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.coracle.dataset.IdxReader;
import dev.coracle.dataset.ImageSet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Holds Net against PyTorch: same weights and images, same numbers up to float32 rounding. */
class NetTest {

  private static final Path MNIST = Path.of("datasets/mnist");

  private static final ImageSet TEST_IMAGES =
      IdxReader.read(
          MNIST.resolve("t10k-images-idx3-ubyte.gz"),
          MNIST.resolve("t10k-labels-idx1-ubyte.gz"),
          Net.CLASSES);

  @Test
  void parameters_named_asInPyTorch() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Net net = Golden.net(manager);

      List<String> names = new ArrayList<>();
      Golden.NUMBERS.getAsJsonArray("names").forEach(name -> names.add(name.getAsString()));
      assertThat(net.getParameters().keys()).isEqualTo(names);
      long count = net.getParameters().values().stream().mapToLong(p -> p.getArray().size()).sum();
      assertThat(count).isEqualTo(1_199_882);
    }
  }

  @Test
  void initialize_uniformWithinPyTorchsBounds() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Engine.getInstance().setRandomSeed(7);
      Net net = new Net();
      net.initialize(manager, DataType.FLOAT32, new Shape(1, 1, 28, 28));

      double[] fanIn = {9, 9, 288, 288, 9216, 9216, 128, 128};
      int k = 0;
      for (Pair<String, Parameter> parameter : net.getParameters()) {
        float[] values = parameter.getValue().getArray().toFloatArray();
        double bound = 1 / Math.sqrt(fanIn[k++]);
        double variance = Math.pow(Golden.l2(values), 2) / values.length;
        for (float value : values) {
          assertThat((double) Math.abs(value)).as(parameter.getKey()).isLessThanOrEqualTo(bound);
        }
        // Variance of a uniform distribution, bound²/3; 5 standard errors of its estimate.
        double error = 5 * bound * bound * Math.sqrt(4 / 45.0 / values.length);
        assertThat(variance).as(parameter.getKey()).isCloseTo(bound * bound / 3, within(error));
      }
    }
  }

  @Test
  void initialize_otherShape_saysWhatIsExpected() {
    try (NDManager manager = NDManager.newBaseManager()) {
      for (Shape shape :
          List.of(
              new Shape(1, 3, 64, 64), new Shape(1, 1, 28, 27), new Shape(1, 784), new Shape())) {
        Net net = new Net();
        assertThatIllegalArgumentException()
            .isThrownBy(() -> net.initialize(manager, DataType.FLOAT32, shape))
            .withMessage(
                "input of shape [%s]; expected (N, 1, 28, 28), one batch of grey images"
                    .formatted(shape));
      }
      new Net().initialize(manager, DataType.FLOAT32, new Shape(-1, 1, 28, 28));
    }
  }

  @Test
  void toString_anyTime_hasTheLayersNames() {
    assertThat(new Net().toString()).contains("conv1", "conv2", "fc1", "fc2");
    try (NDManager manager = NDManager.newBaseManager()) {
      String text = Golden.net(manager).toString();
      assertThat(text)
          .containsPattern(
              "\n  conv1.* -> .*\n  conv2.*\n  fc1.*\n  fc2\\(1, 128\\) -> \\(1, 10\\)\n");
    }
  }

  @Test
  void forward_goldenImages_logProbabilitiesOfPyTorch() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Net net = Golden.net(manager);
      NDArray images = Golden.images(manager, TEST_IMAGES, 0, 32);

      float[] actual =
          net.forward(new ParameterStore(manager, false), new NDList(images), false)
              .singletonOrThrow()
              .toFloatArray();

      JsonArray expected = Golden.NUMBERS.getAsJsonArray("log_probabilities");
      for (int i = 0; i < 32; i++) {
        float[] row = Golden.floats(expected.get(i).getAsJsonArray());
        for (int c = 0; c < 10; c++) {
          assertThat(actual[i * 10 + c])
              .as("image %d class %d", i, c)
              .isCloseTo(row[c], within(1e-5f));
        }
      }
    }
  }

  @Test
  void backward_goldenImages_gradientsOfPyTorch() {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
      Net net = Golden.net(manager);
      NDList images = new NDList(Golden.images(manager, TEST_IMAGES, 0, 32));
      NDList labels = new NDList(Golden.labels(manager, TEST_IMAGES, 0, 32));

      float loss;
      try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
        NDList output = net.forward(new ParameterStore(manager, false), images, false);
        NDArray mean =
            new SoftmaxCrossEntropyLoss("nll", 1, -1, true, false).evaluate(labels, output);
        loss = mean.getFloat();
        collector.backward(mean);
      }

      assertThat(loss).isCloseTo(Golden.NUMBERS.get("nll_mean").getAsFloat(), within(1e-5f));
      for (Pair<String, Parameter> parameter : net.getParameters()) {
        float[] gradient = parameter.getValue().getArray().getGradient().toFloatArray();
        JsonObject expected =
            Golden.NUMBERS.getAsJsonObject("gradients").getAsJsonObject(parameter.getKey());
        double l2 = expected.get("l2").getAsDouble();
        assertThat(Golden.l2(gradient)).as(parameter.getKey()).isCloseTo(l2, within(1e-4 * l2));
        float[] first = Golden.floats(expected.getAsJsonArray("first5"));
        for (int i = 0; i < first.length; i++) {
          // Relative to the larger of the element and the array's root mean square, since an
          // element near zero is a difference of large terms.
          double scale = Math.max(Math.abs(first[i]), l2 / Math.sqrt(gradient.length));
          assertThat((double) gradient[i])
              .as("%s[%d]", parameter.getKey(), i)
              .isCloseTo(first[i], within(1e-4 * scale));
        }
      }
    }
  }
}
