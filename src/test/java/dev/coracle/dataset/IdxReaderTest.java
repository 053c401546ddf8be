// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.CoracleException;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IdxReaderTest {

  private final Path folder;

  IdxReaderTest(@TempDir Path folder) {
    this.folder = folder;
  }

  private Path write(String name, byte[] content) {
    return Idx.write(folder, name, content);
  }

  private void assertRefused(byte[] images, String... messageParts) {
    Path file = write("images", images);
    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> IdxReader.readImages(file))
        .withMessageContaining(file.toString())
        .satisfies(e -> assertThat(e.getMessage()).contains(messageParts).doesNotContain("\n"));
  }

  @ParameterizedTest
  @CsvSource({"false,false", "false,true", "true,false", "true,true"})
  void read_plainOrGzipWhateverTheName_givesImagesAndLabels(boolean gzip, boolean gzName) {
    byte[] images = gzip ? Idx.gzip(Idx.images()) : Idx.images();
    byte[] labels = gzip ? Idx.gzip(Idx.labels(9, 0, 4)) : Idx.labels(9, 0, 4);
    String suffix = gzName ? ".gz" : "";

    ImageSet set =
        IdxReader.read(write("images" + suffix, images), write("labels" + suffix, labels), 10);

    assertThat(set).hasToString("3 images of 2x4");
    assertThat(set.pixels()).isEqualTo(ByteBuffer.wrap(Idx.body(24)));
    assertThat(set.labels()).isEqualTo(ByteBuffer.wrap(new byte[] {9, 0, 4}));
  }

  @Test
  void readImages_soundFile_givesReadOnlyImages() {
    IdxImages images = IdxReader.readImages(write("images", Idx.images()));

    assertThat(images.count()).isEqualTo(3);
    assertThat(images.rows()).isEqualTo(2);
    assertThat(images.columns()).isEqualTo(4);
    assertThat(images.image(2)).isEqualTo(Arrays.copyOfRange(Idx.body(24), 16, 24));
    assertThatThrownBy(() -> images.pixels().put(0, (byte) 1))
        .isInstanceOf(ReadOnlyBufferException.class);
    assertThatThrownBy(() -> images.image(3)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void readImages_missingOrFolder_saysSo() {
    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> IdxReader.readImages(folder.resolve("none")))
        .withMessageStartingWith("There is no file ");
    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> IdxReader.readImages(folder))
        .withMessageContaining("is not a regular file");
  }

  @Test
  void readImages_anotherFormat_namesBothMagicNumbers() {
    assertRefused(
        new byte[] {'P', 'K', 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
        "0x00000803",
        "0x504b0304 at offset 0");
    assertRefused(
        Idx.gzip(Idx.labels(1, 2)),
        "0x00000801 at uncompressed offset 0, 1 dimension rather than 3; ",
        "swapped?");
    assertRefused(
        Idx.file(new int[] {0x00000d03, 1, 1, 1}, new byte[4]), "0x00000d03", "unsigned bytes");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
  void readImages_dimensionThatIsNotPositive_namesItsOffset(int size) {
    assertRefused(
        Idx.file(new int[] {Idx.IMAGES, 3, size, 4}, Idx.body(24)),
        "dimension 1 at offset 8",
        Integer.toUnsignedString(size));
  }

  @ParameterizedTest
  @CsvSource({
    "2147483647,28,28", // more than an array
    "65536,65536,1", // 2^32: 0 in int arithmetic
    "2147483647,2147483647,2147483647", // 2^93: beyond long
    "2147483647,1,1", // longer than the largest array by 8
    "1000,1000,1000" // an array, were it there
  })
  void readImages_headerThatLies_isRefusedBeforeAllocation(int count, int rows, int columns) {
    byte[] lie = Idx.file(new int[] {Idx.IMAGES, count, rows, columns}, new byte[16]);
    for (byte[] content : new byte[][] {lie, Idx.gzip(lie)}) {
      long allocated = Allocation.of(() -> assertRefused(content, "offset 4"));
      assertThat(allocated).isLessThan(1_000_000); // bytes; the smallest lie would take 10^9
    }
  }

  @Test
  void readImages_sizesWhoseProductWrapsToTheLength_isRefused() {
    int[] header = {Idx.IMAGES, 1 << 22, 1 << 22, 1 << 20}; // 2^64: 0 in long arithmetic
    assertRefused(Idx.file(header, new byte[0]), "declares the shape 4194304x4194304x1048576");
  }

  @Test
  void readImages_longerOrShorterThanDeclared_namesBothLengths() {
    assertRefused(Idx.join(Idx.images(), (byte) 0), "41 bytes", "declares 3x2x4", "40 bytes");
    assertRefused(Arrays.copyOf(Idx.images(), 39), "39 bytes", "declares 3x2x4", "40 bytes");
    assertRefused(Idx.gzip(Idx.join(Idx.images(), (byte) 0)), "more than", "40 bytes");
    assertRefused(
        Idx.gzip(Arrays.copyOf(Idx.images(), 39)), "ends at uncompressed offset 39", "40 bytes");
  }

  @Test
  void readImages_gzipBomb_stopsOneByteAfterTheDeclaredLength() {
    byte[] bomb = Idx.gzip(Idx.join(Idx.images(1, 2, 4), new byte[64 << 20]));

    long allocated = Allocation.of(() -> assertRefused(bomb, "more than", "24 bytes"));

    assertThat(allocated).isLessThan(1_000_000); // bytes, of 64 MiB
  }

  @Test
  void readImages_moreAfterTheGzipMember_isRefused() {
    byte[] gzip = Idx.gzip(Idx.images());

    assertRefused(Idx.join(gzip, (byte) 0), "damaged", "offset " + gzip.length);
    assertRefused(Idx.join(gzip, gzip), "more after the end of the gzip data");
    assertRefused(Idx.join(gzip, Idx.gzip(new byte[0])), "more after the end of the gzip data");
  }

  @Test
  void readImages_splitOverTwoGzipMembers_isRefused() {
    byte[] images = Idx.images();
    byte[] first = Idx.gzip(Arrays.copyOf(images, 20));
    byte[] second = Idx.gzip(Arrays.copyOfRange(images, 20, 40));

    assertRefused(Idx.join(first, second), "more after the end of the gzip data");
  }

  @Test
  void read_labelThatIsNoClass_namesIndexOffsetAndValue() {
    Path images = write("images", Idx.images());
    Path labels = write("labels", Idx.labels(9, 10, 0));

    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> IdxReader.read(images, labels, 10))
        .withMessageStartingWith(
            labels + " has the label 10 at index 1 (uncompressed offset 9); expected 0 to 9");
    assertThat(IdxReader.read(images, labels, 11).label(1)).isEqualTo(10);
    assertThatIllegalArgumentException().isThrownBy(() -> IdxReader.read(images, labels, 257));
  }

  @Test
  void read_countsThatDiffer_namesBothFiles() {
    Path images = write("images", Idx.images());
    Path labels = write("labels", Idx.labels(1, 2));

    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> IdxReader.read(images, labels, 10))
        .withMessageContaining(images + " has 3 images and " + labels + " has 2 labels");
  }
}
