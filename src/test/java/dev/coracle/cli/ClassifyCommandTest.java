// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.coracle.CoracleException;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClassifyCommandTest {

  private static final Path NAME = Path.of("digit.png");

  private final Path folder;

  ClassifyCommandTest(@TempDir Path folder) {
    this.folder = folder;
  }

  private static byte[] bar() {
    return SmallMnist.bars(1, 3).image(0);
  }

  @Test
  void read_pngOfAnyKindOfGrey_keepsTheSamples() throws IOException {
    BufferedImage[] pictures = {
      dev.coracle.inference.Pictures.grey(bar(), BufferedImage.TYPE_BYTE_GRAY),
      dev.coracle.inference.Pictures.grey(bar(), BufferedImage.TYPE_USHORT_GRAY),
      dev.coracle.inference.Pictures.greyAlpha(bar(), false),
    };
    for (BufferedImage picture : pictures) {
      Raster expected = picture.getRaster();
      Raster actual = ClassifyCommand.picture(NAME, Pictures.encode(picture, "png")).getRaster();
      assertThat(actual.getPixels(0, 0, 28, 28, (int[]) null))
          .isEqualTo(expected.getPixels(0, 0, 28, 28, (int[]) null));
    }
  }

  @Test
  void help_namesTheKindsOfPicturesThatAreRead_andTheMessageForOthersToo() throws IOException {
    List<String> kinds = List.of("PNG", "JPEG", "GIF", "BMP", "WBMP", "TIFF");
    BufferedImage picture = new BufferedImage(28, 28, BufferedImage.TYPE_BYTE_BINARY);
    for (String kind : kinds) {
      byte[] content = Pictures.encode(picture, kind.toLowerCase(Locale.ROOT));
      assertThat(ClassifyCommand.picture(NAME, content).getWidth()).as(kind).isEqualTo(28);
    }
    String help = Cli.run("classify", "--help").out().replaceAll("\\s+", " ");
    assertThat(help).contains("Pictures (" + String.join(", ", kinds) + ") or idx files");
    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> ClassifyCommand.picture(NAME, new byte[] {'t', 'e', 'x', 't'}))
        .withMessageEndingWith("expected " + String.join(", ", kinds) + " or an idx file");
  }

  @ParameterizedTest
  @ValueSource(strings = {"jpg", "png", "gif", "bmp"})
  void read_pictureCutAnywhere_isRefused(String format) throws IOException {
    byte[] whole = Pictures.page(bar(), format);
    assertThat(ClassifyCommand.picture(NAME, whole).getWidth()).isGreaterThan(28);
    for (int percent : new int[] {1, 10, 30, 50, 70, 90, 98}) {
      byte[] cut = Arrays.copyOf(whole, whole.length * percent / 100);
      assertThatExceptionOfType(CoracleException.class)
          .as("%d %% of %s", percent, format)
          .isThrownBy(() -> ClassifyCommand.picture(NAME, cut))
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

  /** Begins with two zeros, as an idx file does. */
  private static byte[] wbmp() throws IOException {
    BufferedImage picture = new BufferedImage(28, 28, BufferedImage.TYPE_BYTE_BINARY);
    for (int y = 4; y < 24; y++) {
      picture.setRGB(14, y, 0xffffff);
    }
    return Pictures.encode(picture, "wbmp");
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
      Pictures.page(bar(), "png"), Pictures.page(bar(), "jpg"), wbmp(), idx, gzip.toByteArray()
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
      assertThat(lines).hasSize(i < 3 ? 2 : 4);
      for (int n = 0; n < lines.length / 2; n++) {
        String ofPipe = lines[n + lines.length / 2];
        assertThat(ofPipe.replace("pipe", "file")).isEqualTo(lines[n]);
      }
    }
  }
}
