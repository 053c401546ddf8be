// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PictureReaderTest {

  private static byte[] png(int width, int height) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY), "png", bytes);
    return bytes.toByteArray();
  }

  /** Reads a picture in a thread of its own, which goes on when it may. */
  private static final class Reading {
    final CountDownLatch inside = new CountDownLatch(1);
    final CountDownLatch mayGo = new CountDownLatch(1);
    final FutureTask<Integer> width;
    final Thread thread;

    Reading(byte[] content) {
      width =
          new FutureTask<>(
              () -> PictureReader.read("it", content, Set.of("png"), 2_000_000, this::use));
      thread = new Thread(width);
      thread.start();
    }

    private int use(BufferedImage picture) {
      inside.countDown();
      try {
        mayGo.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      return picture.getWidth();
    }

    int finish() throws Exception {
      mayGo.countDown();
      return width.get();
    }
  }

  @Test
  void read_twoLargePictures_areInMemoryOneAtATime() throws Exception {
    Reading first = new Reading(png(1_200, 1_000));
    first.inside.await();
    Reading second = new Reading(png(1_100, 1_000));
    while (second.thread.getState() != Thread.State.WAITING) { // for the first
      assertThat(second.inside.await(1, TimeUnit.MILLISECONDS)).isFalse();
    }
    Reading small = new Reading(png(28, 28));
    small.inside.await();
    assertThat(small.finish()).isEqualTo(28);
    assertThat(second.inside.getCount()).isEqualTo(1);
    assertThat(first.finish()).isEqualTo(1_200);
    second.inside.await();
    assertThat(second.finish()).isEqualTo(1_100);
  }
}
