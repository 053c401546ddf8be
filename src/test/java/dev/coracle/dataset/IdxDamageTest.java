// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.coracle.CoracleException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damages small files in every place, or at random with a fixed seed. */
class IdxDamageTest {

  /** Sizes where arithmetic tends to go wrong, and some that are right. */
  private static final int[] SIZES = {
    0,
    1,
    2,
    3,
    4,
    6,
    8,
    12,
    24,
    25,
    -1,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    1 << 16,
    46341,
    715827883
  };

  private final Path folder;

  IdxDamageTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void readImages_cutAtEveryByte_throws() {
    byte[] file = Idx.images();
    for (int length = 0; length < file.length; length++) {
      assertRefused(Arrays.copyOf(file, length));
    }
  }

  @Test
  void readImages_gzipCutAtEveryByte_throws() {
    byte[] file = Idx.gzip(Idx.images());
    for (int length = 0; length < file.length; length++) {
      assertRefused(Arrays.copyOf(file, length));
    }
  }

  @Test
  void readImages_gzipWithOneBitFlipped_throwsOrGivesTheSameImages() {
    byte[] file = Idx.gzip(Idx.images());
    int accepted = 0;
    for (int bit = 0; bit < 8 * file.length; bit++) {
      byte[] damaged = file.clone();
      damaged[bit / 8] ^= (byte) (1 << bit % 8);
      Path path = Idx.write(folder, "images", damaged);
      try {
        assertThat(IdxReader.readImages(path).pixels()).isEqualTo(ByteBuffer.wrap(Idx.body(24)));
        accepted++;
      } catch (CoracleException expected) {
        assertThat(expected).hasMessageContaining(path.toString());
      }
    }
    // Not part of the content: time (4 bytes), level, system, the flag "text", and the up to seven
    // bits that pad the last byte of deflate data.
    assertThat(accepted).isBetween(8 * 6 + 1, 8 * 6 + 1 + 7);
  }

  @Test
  void read_mutatedHeader_throwsOrGivesWhatTheHeaderSays() {
    Random random = new Random(1);
    Path labels = Idx.write(folder, "labels", Idx.labels(9, 0, 4));
    byte[] sound = Idx.images();
    int accepted = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] mutated = mutate(sound.clone(), random);
      byte[] content = random.nextInt(8) > 0 ? mutated : Idx.gzip(mutated);
      Path images = Idx.write(folder, "images", content);
      try {
        ImageSet set = IdxReader.read(images, labels, 10);
        assertThat(isSound(mutated)).as("accepted header %s", i).isTrue();
        assertThat(set.size()).isEqualTo(3);
        assertThat(set.rows()).isEqualTo(ByteBuffer.wrap(mutated).getInt(8));
        assertThat(set.columns()).isEqualTo(ByteBuffer.wrap(mutated).getInt(12));
        assertThat(set.pixels()).isEqualTo(ByteBuffer.wrap(Idx.body(24)));
        accepted++;
      } catch (CoracleException e) {
        assertThat(isSound(mutated)).as(e.getMessage()).isFalse();
      }
    }
    assertThat(accepted).isPositive(); // the mutator also finds 3x1x8, 3x4x2, 3x8x1
  }

  /** Decides independently of the reader, without limits on the size of numbers. */
  private static boolean isSound(byte[] file) {
    ByteBuffer header = ByteBuffer.wrap(file);
    BigInteger pixels = BigInteger.ONE;
    for (int offset = 4; offset < 16; offset += 4) {
      pixels = pixels.multiply(BigInteger.valueOf(Integer.toUnsignedLong(header.getInt(offset))));
    }
    return header.getInt(0) == Idx.IMAGES
        && header.getInt(4) == 3
        && pixels.equals(BigInteger.valueOf(file.length - 16));
  }

  private static byte[] mutate(byte[] file, Random random) {
    ByteBuffer header = ByteBuffer.wrap(file);
    for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
      if (random.nextBoolean()) {
        file[random.nextInt(16)] = (byte) random.nextInt(256);
      } else {
        header.putInt(4 + 4 * random.nextInt(3), SIZES[random.nextInt(SIZES.length)]);
      }
    }
    return file;
  }

  private void assertRefused(byte[] content) {
    Path file = Idx.write(folder, "images", content);
    assertThatExceptionOfType(CoracleException.class)
        .as("%s bytes", content.length)
        .isThrownBy(() -> IdxReader.readImages(file))
        .withMessageContaining(file.toString());
  }
}
