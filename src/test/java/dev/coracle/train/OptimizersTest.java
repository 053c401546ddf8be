// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.Loss;
import ai.djl.training.loss.SoftmaxCrossEntropyLoss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.util.Pair;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.coracle.dataset.IdxReader;
import dev.coracle.dataset.ImageSet;
import dev.coracle.net.Golden;
import dev.coracle.net.Net;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class OptimizersTest {

  private static final Path MNIST = Path.of("datasets/mnist");

  /** Ten steps of Adadelta with a falling rate, against PyTorch's numbers. */
  @Test
  void adadelta_tenStepsWithStepLr_parametersOfPyTorch() {
    ImageSet images =
        IdxReader.read(
            MNIST.resolve("train-images-idx3-ubyte.gz"),
            MNIST.resolve("train-labels-idx1-ubyte.gz"),
            Net.CLASSES);
    JsonArray steps = Golden.NUMBERS.getAsJsonObject("training").getAsJsonArray("steps");
    StepLr learningRate = new StepLr(1, 0.7f, 5);
    try (NDManager manager = NDManager.newBaseManager()) {
      Net net = Golden.net(manager);
      try (OptimizerState state = new OptimizerState(net.getParameters())) {
        Optimizer optimizer = Optimizers.create(OptimizerKind.ADADELTA, learningRate, 0, state);
        for (JsonElement element : steps) {
          JsonObject expected = element.getAsJsonObject();
          int step = expected.get("step").getAsInt();
          float rate = expected.get("lr").getAsFloat();
          assertThat(learningRate.getNewValue(step + 1)).isCloseTo(rate, within(1e-6f));
          float loss = step(manager, net, optimizer, images, step * 32);
          float expectedLoss = expected.get("loss_before").getAsFloat();
          assertThat(loss)
              .as("step %d", step)
              .isCloseTo(expectedLoss, within(1e-4f * expectedLoss));
          assertParameters(net, expected.getAsJsonObject("after"), step);
        }
      }
    }
  }

  private static float step(
      NDManager parent, Net net, Optimizer optimizer, ImageSet set, int from) {
    Loss nll = new SoftmaxCrossEntropyLoss("nll", 1, -1, true, false);
    try (NDManager manager = parent.newSubManager()) {
      NDList images = new NDList(Golden.images(manager, set, from, 32));
      NDList labels = new NDList(Golden.labels(manager, set, from, 32));
      float loss;
      try (GradientCollector collector = parent.getEngine().newGradientCollector()) {
        NDArray mean =
            nll.evaluate(labels, net.forward(new ParameterStore(manager, false), images, false));
        loss = mean.getFloat();
        collector.backward(mean);
      }
      for (Parameter parameter : net.getParameters().values()) {
        NDArray weight = parameter.getArray();
        try (NDArray gradient = weight.getGradient();
            NDArray copy = gradient.duplicate()) {
          optimizer.update(parameter.getId(), weight, copy);
        }
      }
      return loss;
    }
  }

  private static void assertParameters(Net net, JsonObject after, int step) {
    for (Pair<String, Parameter> parameter : net.getParameters()) {
      JsonObject expected = after.getAsJsonObject(parameter.getKey());
      float[] values = parameter.getValue().getArray().toFloatArray();
      double l2 = expected.get("l2").getAsDouble();
      assertThat(Golden.l2(values))
          .as("%s after step %d", parameter.getKey(), step)
          .isCloseTo(l2, within(1e-4 * l2));
      float[] first = Golden.floats(expected.getAsJsonArray("first5"));
      for (int i = 0; i < first.length; i++) {
        double scale = Math.max(Math.abs(first[i]), l2 / Math.sqrt(values.length));
        assertThat((double) values[i])
            .as("%s[%d] after step %d", parameter.getKey(), i, step)
            .isCloseTo(first[i], within(1e-4 * scale));
      }
    }
  }

  /** Each kind minimises (w − 3)², so a wrong sign or a lost gradient cannot pass. */
  @Test
  void create_eachKind_reachesTheMinimumOfAParabola() {
    for (OptimizerKind kind : OptimizerKind.values()) {
      try (Model model = Model.newInstance("parabola");
          NDManager manager = model.getNDManager().newSubManager();
          OptimizerState state = new OptimizerState(new ai.djl.nn.ParameterList())) {
        NDArray w = manager.create(new float[] {0});
        w.setRequiresGradient(true);
        float rate = kind == OptimizerKind.ADADELTA ? 100 : 0.1f;
        Optimizer optimizer = Optimizers.create(kind, new StepLr(rate, 1, 1_000_000), 0, state);
        for (int i = 0; i < 300; i++) {
          try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            collector.backward(w.sub(3).square().sum());
          }
          try (NDArray gradient = w.getGradient();
              NDArray copy = gradient.duplicate()) {
            optimizer.update("w", w, copy);
          }
        }
        assertThat(w.getFloat()).as(kind.name()).isCloseTo(3, within(0.1f));
      }
    }
  }
}
