// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.coracle.net.Golden;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DeviceImagesTest {

  private final NDManager manager = Devices.engine().newBaseManager(Device.cpu());
  private final DeviceImages images = new DeviceImages(manager, Images.TRAIN, 0.1307f, 0.3081f);

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void shuffled_anySeed_eachIndexOnce() {
    for (int seed = 0; seed < 100; seed++) {
      long[] order = images.shuffled(manager, seed).toLongArray();
      Arrays.sort(order);
      assertThat(order).containsExactly(LongStream.range(0, 40).toArray());
    }
  }

  @Test
  void shuffled_otherSeed_otherOrder() {
    long[] one = images.shuffled(manager, 1).toLongArray();
    assertThat(images.shuffled(manager, 1).toLongArray()).containsExactly(one);
    assertThat(images.shuffled(manager, 2).toLongArray()).isNotEqualTo(one);
  }

  /** The order is a function of the seed alone: any Java gives it, on any device. */
  @Test
  void shuffled_libtorchSeededOtherwise_sameOrder() {
    long[] before = images.shuffled(manager, 7).toLongArray();
    Devices.engine().setRandomSeed(new Random(1).nextInt());
    manager.randomUniform(0, 1, new Shape(10));
    assertThat(images.shuffled(manager, 7).toLongArray()).containsExactly(before);
  }

  @Test
  void shuffled_manySeeds_everyPlaceEquallyLikely() {
    DeviceImages four = new DeviceImages(manager, Images.TRAIN.first(4), 0, 1);
    int[][] counts = new int[4][4];
    int n = 4000;
    for (int seed = 0; seed < n; seed++) {
      long[] order = four.shuffled(manager, seed).toLongArray();
      for (int place = 0; place < 4; place++) {
        counts[place][(int) order[place]]++;
      }
    }
    // Binomial, p = 1/4: 1000 with a standard deviation of 27; 5 of these.
    for (int[] row : counts) {
      for (int count : row) {
        assertThat(count).isBetween(863, 1137);
      }
    }
  }

  @Test
  void images_slice_normalisedInFloatAsPyTorch() {
    NDArray expected = Golden.images(manager, Images.ALL, 10, 20);
    NDArray actual = images.images(manager, 10, 30);
    assertThat(actual.getShape()).isEqualTo(new Shape(20, 1, 28, 28));
    assertThat(actual.toFloatArray()).containsExactly(expected.toFloatArray());
  }

  @Test
  void images_byOrder_imagesAndLabelsStayTogether() {
    NDArray order = images.shuffled(manager, 3);
    long[] indices = order.toLongArray();
    float[] pixels = images.images(manager, order, 32, 40).toFloatArray();
    long[] labels = images.labels(manager, order, 32, 40).toLongArray();
    assertThat(pixels).hasSize(8 * 784);
    assertThat(labels).hasSize(8);
    for (int i = 0; i < 8; i++) {
      int index = (int) indices[32 + i];
      assertThat(labels[i]).isEqualTo(Images.TRAIN.label(index));
      assertThat(Arrays.copyOfRange(pixels, i * 784, (i + 1) * 784))
          .containsExactly(Golden.images(manager, Images.TRAIN, index, 1).toFloatArray());
    }
  }
}
