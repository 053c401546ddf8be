// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.fail;

import dev.coracle.CoracleException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
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
  void parse_mutatedHeader_throwsOrGivesWhatTheHeaderSays() throws IOException {
    Random random = new Random(1);
    byte[] sound = Idx.images();
    Path name = Path.of("mutated");
    int accepted = 0;
    long allocatedMost = 0;
    for (int i = 0; i < 100_000; i++) {
      byte[] mutated = mutate(sound.clone(), random);
      byte[] content = random.nextInt(8) > 0 ? mutated : Idx.gzip(mutated);
      ByteArrayInputStream raw = new ByteArrayInputStream(content);
      long allocatedBefore = Allocation.soFar();
      boolean taken;
      try {
        IdxFile idx = IdxFile.parse(name, content.length, raw, 3);
        taken = true;
        accepted++;
        for (int axis = 0; axis < 3; axis++) {
          assertThat(idx.dimension(axis)).isEqualTo(ByteBuffer.wrap(mutated).getInt(4 + 4 * axis));
        }
        assertThat(idx.data()).isEqualTo(Idx.body(24));
      } catch (CoracleException e) {
        taken = false;
      }
      if (i > 1000) { // class loading is over
        allocatedMost = Math.max(allocatedMost, Allocation.soFar() - allocatedBefore);
      }
      if (taken != isSound(mutated)) {
        fail("attempt %s: taken %s, header %s", i, taken, Arrays.toString(mutated));
      }
    }
    assertThat(accepted).isPositive(); // the mutator also finds 3x1x8, 3x4x2, 4x2x3
    assertThat(allocatedMost).isLessThan(1_000_000); // bytes, for one attempt
  }

  /** Decides independently of the reader, without limits on the size of numbers. */
  private static boolean isSound(byte[] file) {
    ByteBuffer header = ByteBuffer.wrap(file);
    BigInteger pixels = BigInteger.ONE;
    for (int offset = 4; offset < 16; offset += 4) {
      pixels = pixels.multiply(BigInteger.valueOf(Integer.toUnsignedLong(header.getInt(offset))));
    }
    return header.getInt(0) == Idx.IMAGES && pixels.equals(BigInteger.valueOf(file.length - 16));
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
