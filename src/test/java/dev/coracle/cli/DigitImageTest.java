// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.coracle.CoracleException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DigitImageTest {

  private static final Path NAME = Path.of("digit.png");

  private final Path folder;

  DigitImageTest(@TempDir Path folder) {
    this.folder = folder;
  }

  /** A seven with soft edges, of every value from 100 to 255, in the middle 20 rows. */
  private static byte[] seven() {
    byte[] pixels = new byte[784];
    for (int y = 4; y < 24; y++) {
      int stem = 19 - (y - 4) / 2;
      for (int x = 7; x < 22; x++) {
        boolean bar = y < 7;
        if (bar || (x >= stem - 1 && x <= stem + 1)) {
          pixels[y * 28 + x] = (byte) (x == stem ? 255 : 100 + (y * 28 + x) * 7 % 156);
        }
      }
    }
    return pixels;
  }

  private static byte[] read(byte[] content) {
    return DigitImage.read(NAME, content, 28);
  }

  private static int[] unsigned(byte[] pixels) {
    int[] values = new int[pixels.length];
    Arrays.setAll(values, i -> pixels[i] & 0xff);
    return values;
  }

  @Test
  void read_modelsSizeInAnyKindOfGrey_givesThePixels() throws IOException {
    byte[] digit = seven();
    assertThat(read(Pictures.png(digit))).isEqualTo(digit);
    assertThat(read(Pictures.greyPng(digit, BufferedImage.TYPE_BYTE_GRAY))).isEqualTo(digit);
    assertThat(read(Pictures.greyPng(digit, BufferedImage.TYPE_USHORT_GRAY))).isEqualTo(digit);
    assertThat(read(Pictures.greyAlphaPng(digit, true))).isEqualTo(digit);
  }

  @Test
  void read_transparentPage_isWhite() throws IOException {
    assertThat(read(Pictures.greyAlphaPng(seven(), false))).isEqualTo(seven());
  }

  @Test
  void read_oneBit_isBlackAndWhite() throws IOException {
    byte[] digit = seven();
    for (int i = 0; i < digit.length; i++) {
      digit[i] = (byte) (digit[i] == 0 ? 0 : 1);
    }
    int[] expected = Arrays.stream(unsigned(digit)).map(bit -> 255 * bit).toArray();
    byte[] png = Pictures.greyPng(digit, BufferedImage.TYPE_BYTE_BINARY);
    assertThat(unsigned(read(png))).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "30, 255", "30, 230", "30, 200", "30, 170", "30, 120", "255, 0", "255, 60", "255, 90"
  })
  void read_greyPaperWithNoise_isAsOnCleanPaper(int ink, int paper) throws IOException {
    int[] clean = unsigned(read(Pictures.page(seven(), "png")));
    int[] digit = unsigned(read(Pictures.page(seven(), ink, paper, 3)));
    for (int i = 0; i < digit.length; i++) {
      assertThat(digit[i]).as("pixel %d", i).isBetween(clean[i] - 12, clean[i] + 12);
    }
  }

  @Test
  void read_page_fitsTheInkIntoTwentyRows() throws IOException {
    int[] digit = unsigned(read(Pictures.page(seven(), 30, 170, 0)));
    int rows = 0;
    for (int y = 0; y < 28; y++) {
      rows += Arrays.stream(digit, y * 28, y * 28 + 28).anyMatch(value -> value > 0) ? 1 : 0;
    }
    assertThat(rows).isEqualTo(20);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 90, 200, 255})
  void read_pageWithoutInk_isRefused(int paper) throws IOException {
    byte[] png = Pictures.page(new byte[784], 30, paper, 3);
    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> read(png))
        .withMessageStartingWith("digit.png is empty: no pixel differs from the background");
  }

  @ParameterizedTest
  @ValueSource(strings = {"jpg", "png", "gif", "bmp"})
  void read_pictureCutAnywhere_isRefused(String format) throws IOException {
    byte[] whole = Pictures.page(seven(), format);
    assertThat(read(whole)).hasSize(784);
    for (int percent : new int[] {1, 10, 30, 50, 70, 90, 98}) {
      byte[] cut = Arrays.copyOf(whole, whole.length * percent / 100);
      assertThatExceptionOfType(CoracleException.class)
          .as("%d %% of %s", percent, format)
          .isThrownBy(() -> read(cut))
          .withMessageContaining("digit.png");
    }
  }

  @Test
  void content_longerThanTheLimit_isRefused() throws IOException {
    Path file = Files.write(folder.resolve("long.png"), new byte[1001]);
    assertThat(ClassifyCommand.content(file, 1001)).hasSize(1001);
    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> ClassifyCommand.content(file, 1000))
        .withMessageContaining("long.png has more than 1,000 bytes");
  }

  @Test
  void content_folder_isRefused() {
    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> ClassifyCommand.content(folder, 1000))
        .withMessageStartingWith("cannot read " + folder);
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "mkfifo makes the pipes")
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void classify_fileOfEachKindAndPipe_isRead() throws Exception {
    Path data =
        SmallMnist.write(folder.resolve("data"), SmallMnist.bars(40, 1), SmallMnist.bars(20, 2));
    Path out = folder.resolve("out");
    assertThat(Cli.run("train", "--data-dir", data, "--output-dir", out).status()).isZero();
    byte[] idx = SmallMnist.images(SmallMnist.bars(2, 3));
    ByteArrayOutputStream gzip = new ByteArrayOutputStream();
    try (OutputStream compressed = new GZIPOutputStream(gzip)) {
      compressed.write(idx);
    }
    byte[][] contents = {
      Pictures.page(seven(), "png"), Pictures.page(seven(), "jpg"), idx, gzip.toByteArray()
    };
    for (int i = 0; i < contents.length; i++) {
      byte[] content = contents[i];
      Path file = Files.write(folder.resolve("file" + i), content);
      Path pipe = folder.resolve("pipe" + i);
      assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
      CompletableFuture<Void> writer =
          CompletableFuture.runAsync(
              () -> {
                try (OutputStream end = Files.newOutputStream(pipe)) {
                  end.write(content);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      Cli cli = Cli.run("classify", "--model", out.resolve("mnist.onnx"), file, pipe);
      writer.get(10, TimeUnit.SECONDS);
      assertThat(cli.status()).as(cli.toString()).isZero();
      String[] lines = cli.out().split("\\R");
      assertThat(lines).hasSize(i < 2 ? 2 : 4);
      for (int n = 0; n < lines.length / 2; n++) {
        String ofPipe = lines[n + lines.length / 2];
        assertThat(ofPipe.replace("pipe", "file")).isEqualTo(lines[n]);
      }
    }
  }
}
