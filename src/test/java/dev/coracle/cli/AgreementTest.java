// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.coracle.dataset.ImageSet;
import dev.coracle.dataset.Mnist;
import dev.coracle.net.Net;
import dev.coracle.train.Devices;
import dev.coracle.train.Evaluation;
import dev.coracle.train.Evaluator;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class AgreementTest {

  private final ImageSet set = Mnist.read(Path.of("datasets/mnist")).test();

  private static Agreement agreement(ImageSet set, float[] network, float[] file) {
    return Agreement.of(Evaluation.of(network, set), Evaluation.of(file, set));
  }

  private static float[] row(float first, float second) {
    float[] row = {-900, -900, -900, -900, -900, -900, -900, -900, -900, -900};
    row[0] = first;
    row[1] = second;
    return row;
  }

  @Test
  void of_largeNumbers_goByTheirSize() {
    ImageSet one = set.first(1);
    float[] file = row(0, -800);
    file[7] = -900.05f; // a part of 6e-5
    Agreement agreement = agreement(one, row(0, -800), file);
    assertThat(agreement.largestDifference()).isCloseTo(0.05 / 900, within(1e-7));
    assertThat(agreement.holds()).isTrue();
    file[7] = -901;
    assertThat(agreement(one, row(0, -800), file).holds()).isFalse();
    file[7] = Float.NaN;
    assertThat(agreement(one, row(0, -800), file).holds()).isFalse();
  }

  @Test
  void of_notANumberOnEitherSide_isNotTheSame() {
    ImageSet one = set.first(1);
    float[] nan = row(0, Float.NaN);
    assertThat(agreement(one, row(0, -800), nan).same()).isZero();
    assertThat(agreement(one, nan, row(0, -800)).same()).isZero();
    assertThat(agreement(one, nan, nan).holds()).isFalse();
    assertThat(agreement(one, nan, nan).same()).isZero();
  }

  @Test
  void of_undecidedNetwork_mayBeDecidedEitherWay() {
    ImageSet one = set.first(1);
    float[] tie = row(-0.69310f, -0.69315f);
    Agreement either = agreement(one, tie, row(-0.69315f, -0.69310f));
    assertThat(either.same()).isEqualTo(1);
    assertThat(either.holds()).isTrue();
    assertThat(agreement(one, row(-0.69f, -0.70f), row(-0.70f, -0.69f)).same()).isZero();
  }

  @Test
  void evaluateOnCpu_network_isThatOfItsParameters() {
    ImageSet some = set.first(20);
    try (NDManager manager = Devices.engine().newBaseManager(Device.cpu())) {
      Net net = new Net();
      net.initialize(manager, DataType.FLOAT32, new Shape(1, 1, Net.SIZE, Net.SIZE));
      Evaluation expected = Evaluator.evaluate(net, manager, some, 100);
      assertThat(TrainedNet.evaluateOnCpu(net, some).logProbabilities())
          .isEqualTo(expected.logProbabilities());
    }
  }
}
