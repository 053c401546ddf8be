// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.coracle.CoracleException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MnistTest {

  private static final Path PUBLISHED = Path.of("datasets", "mnist");

  private final Path folder;

  MnistTest(@TempDir Path folder) {
    this.folder = folder;
  }

  /** Writes a set of three training and two test images of 2x4. */
  private static void writeSet(Path place) throws IOException {
    Files.createDirectories(place);
    Idx.write(place, "train-images-idx3-ubyte.gz", Idx.gzip(Idx.images()));
    Idx.write(place, "train-labels-idx1-ubyte", Idx.labels(1, 2, 3));
    Idx.write(place, "t10k-images-idx3-ubyte", Idx.images(2, 2, 4));
    Idx.write(place, "t10k-labels-idx1-ubyte.gz", Idx.gzip(Idx.labels(4, 5)));
  }

  @Test
  void read_publishedFiles_hasTheKnownLabelsAndStatistics() {
    Mnist mnist = Mnist.read(PUBLISHED);

    assertThat(mnist.train()).hasToString("60000 images of 28x28");
    assertThat(mnist.test()).hasToString("10000 images of 28x28");
    assertThat(firstLabels(mnist.train())).containsExactly(5, 0, 4, 1, 9);
    assertThat(firstLabels(mnist.test())).containsExactly(7, 2, 1, 0, 4);
    // The digits 0 to 9 in each set.
    assertThat(histogram(mnist.train()))
        .containsExactly(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949);
    assertThat(histogram(mnist.test()))
        .containsExactly(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009);
    // pytorch/examples/mnist/main.py: Normalize((0.1307,), (0.3081,)); four digits, rounded.
    double[] meanAndStd = meanAndStd(mnist.train().pixels());
    assertThat(meanAndStd[0]).isCloseTo(0.1307, within(5e-5));
    assertThat(meanAndStd[1]).isCloseTo(0.3081, within(5e-5));
  }

  @Test
  void read_publishedFiles_equalsWhatTheJdkDecompresses() throws IOException {
    ImageSet test = Mnist.read(PUBLISHED).test();

    assertThat(test.pixels()).isEqualTo(body("t10k-images-idx3-ubyte.gz", 16));
    assertThat(test.labels()).isEqualTo(body("t10k-labels-idx1-ubyte.gz", 8));
  }

  private static ByteBuffer body(String name, int header) throws IOException {
    try (InputStream in = new GZIPInputStream(Files.newInputStream(PUBLISHED.resolve(name)))) {
      return ByteBuffer.wrap(in.readAllBytes()).position(header).slice();
    }
  }

  private static int[] firstLabels(ImageSet set) {
    return IntStream.range(0, 5).map(set::label).toArray();
  }

  private static int[] histogram(ImageSet set) {
    int[] counts = new int[10];
    IntStream.range(0, set.size()).forEach(i -> counts[set.label(i)]++);
    return counts;
  }

  private static double[] meanAndStd(ByteBuffer pixels) {
    long sum = 0;
    long squares = 0;
    int count = pixels.remaining();
    while (pixels.hasRemaining()) {
      int pixel = Byte.toUnsignedInt(pixels.get());
      sum += pixel;
      squares += (long) pixel * pixel;
    }
    double mean = (double) sum / count;
    return new double[] {mean / 255, Math.sqrt((double) squares / count - mean * mean) / 255};
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "MNIST/raw", "FashionMNIST/raw", "raw"})
  void read_eachPlace_findsPlainAndGzipFiles(String place) throws IOException {
    writeSet(folder.resolve(place));

    Mnist mnist = Mnist.read(folder);

    assertThat(firstThree(mnist.train())).containsExactly(1, 2, 3);
    assertThat(mnist.test().label(1)).isEqualTo(5);
  }

  private static int[] firstThree(ImageSet set) {
    return IntStream.range(0, 3).map(set::label).toArray();
  }

  @Test
  void read_plainAndGzipSideBySide_takesPlain() throws IOException {
    writeSet(folder);
    Idx.write(folder, "train-labels-idx1-ubyte.gz", Idx.gzip(Idx.labels(7, 7, 7)));

    assertThat(firstThree(Mnist.read(folder).train())).containsExactly(1, 2, 3);
  }

  @Test
  void read_incompleteFolderAboveCompleteOne_takesAllFromTheCompleteOne() throws IOException {
    writeSet(folder.resolve("MNIST/raw"));
    Idx.write(folder, "train-labels-idx1-ubyte", Idx.labels(7, 7, 7));

    assertThat(firstThree(Mnist.read(folder).train())).containsExactly(1, 2, 3);
  }

  @Test
  void read_missingFile_saysWhatWasLookedForAndHowToGetIt() throws IOException {
    writeSet(folder);
    Files.delete(folder.resolve("t10k-labels-idx1-ubyte.gz"));

    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> Mnist.read(folder))
        .withMessageContaining(folder + " lacks t10k-labels-idx1-ubyte[.gz], and so do MNIST/raw")
        .withMessageContaining("datasets fetch")
        .withMessageContaining("datasets/mnist");
  }

  @Test
  void read_missingFolderOrFile_saysWhich() throws IOException {
    Path none = folder.resolve("none");
    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> Mnist.read(none))
        .withMessageStartingWith(none + " does not exist; ");
    Path file = Files.createFile(folder.resolve("file"));
    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> Mnist.read(file))
        .withMessageStartingWith(file + " is not a folder; ");
  }

  @Test
  void read_setsOfDifferentSize_throws() throws IOException {
    writeSet(folder);
    Idx.write(folder, "t10k-images-idx3-ubyte", Idx.images(2, 4, 2));

    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> Mnist.read(folder))
        .withMessageContaining("3 images of 2x4 and the test set 2 images of 4x2");
  }

  @Test
  void check_publishedFiles_allEqualThePublishedSums() {
    List<MnistCheck> checks = MnistCheck.check(PUBLISHED);

    assertThat(checks).extracting(MnistCheck::expected).isEqualTo(MnistFile.ALL);
    assertThat(checks).allMatch(MnistCheck::published).allMatch(check -> check.problem() == null);
    assertThat(checks)
        .extracting(MnistCheck::count)
        .containsExactly(60_000, 60_000, 10_000, 10_000);
  }

  @Test
  void check_anotherSoundSet_isNotPublishedAndHasNoProblem() throws IOException {
    writeSet(folder);

    List<MnistCheck> checks = MnistCheck.check(folder);

    assertThat(checks).noneMatch(MnistCheck::published);
    assertThat(checks).extracting(MnistCheck::problem).containsOnlyNulls();
    assertThat(checks).extracting(MnistCheck::count).containsExactly(3, 3, 2, 2);
    assertThat(checks).extracting(MnistCheck::sha256).doesNotContainNull();
  }

  @Test
  void check_missingDamagedAndUnfitFiles_givesEachItsProblem() throws IOException {
    writeSet(folder);
    Files.delete(folder.resolve("train-images-idx3-ubyte.gz"));
    Idx.write(folder, "train-labels-idx1-ubyte", Idx.labels(1, 2, 13));
    Idx.write(folder, "t10k-images-idx3-ubyte", new byte[] {1, 2, 3});
    List<MnistCheck> checks = MnistCheck.check(folder);

    assertThat(checks).extracting(check -> check.path() == null).startsWith(true, false);
    assertThat(checks).extracting(MnistCheck::count).containsExactly(0, 3, 0, 2);
    assertThat(checks.get(0).problem()).contains("neither train-images-idx3-ubyte nor");
    assertThat(checks.get(1).problem()).contains("label 13 at index 2");
    assertThat(checks.get(2).problem()).contains("ends at offset 3");
    assertThat(checks.get(3).problem()).isNull();
  }

  @Test
  void check_labelsWhoseImagesAreDamaged_areNotComparedWithOthers() throws IOException {
    writeSet(folder);
    Files.delete(folder.resolve("train-labels-idx1-ubyte"));
    Idx.write(folder, "t10k-images-idx3-ubyte", new byte[] {1, 2, 3});

    assertThat(MnistCheck.check(folder).get(3).problem()).isNull();
  }

  @Test
  void check_countsOrSizesThatDiffer_saysSo() throws IOException {
    writeSet(folder);
    Idx.write(folder, "train-labels-idx1-ubyte", Idx.labels(1, 2));
    Idx.write(folder, "t10k-images-idx3-ubyte", Idx.images(2, 4, 2));
    List<MnistCheck> checks = MnistCheck.check(folder);

    assertThat(checks.get(1).problem()).contains("3 images and").contains("2 labels");
    assertThat(checks.get(2).problem()).contains("images of 4x2; expected 2x4");
  }
}
