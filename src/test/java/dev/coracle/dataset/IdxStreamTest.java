// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.CoracleException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdxStreamTest {

  private static final List<MnistFile> PAIR =
      List.of(MnistFile.TRAIN_IMAGES, MnistFile.TRAIN_LABELS);

  private static final byte[] IMAGES = images(30);
  private static final byte[] LABELS = labels(30);

  @TempDir private Path folder;

  private static byte[] images(int count) {
    byte[] pixels = new byte[count * 784];
    new Random(1).nextBytes(pixels);
    return ByteBuffer.allocate(16 + pixels.length)
        .putInt(0x803)
        .putInt(count)
        .putInt(28)
        .putInt(28)
        .put(pixels)
        .array();
  }

  private static byte[] labels(int count) {
    return ByteBuffer.allocate(8 + count).putInt(0x801).putInt(count).put(new byte[count]).array();
  }

  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(content);
    }
    return bytes.toByteArray();
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  private void split(byte[] stream) {
    IdxStream.split(new ByteArrayInputStream(stream), "channel training", PAIR, folder);
  }

  private void assertBoth() {
    assertThat(folder.resolve("train-images-idx3-ubyte")).hasBinaryContent(IMAGES);
    assertThat(folder.resolve("train-labels-idx1-ubyte")).hasBinaryContent(LABELS);
  }

  @Test
  void split_plainFiles_givesThem() {
    split(join(IMAGES, LABELS));
    assertBoth();
  }

  @Test
  void split_gzipFiles_givesTheirContent() throws IOException {
    split(join(gzip(IMAGES), gzip(LABELS)));
    assertBoth();
  }

  @Test
  void split_plainThenGzip_givesBoth() throws IOException {
    split(join(IMAGES, gzip(LABELS)));
    assertBoth();
  }

  @Test
  @Timeout(60)
  void split_pipeWithASlowWriter_givesBoth() throws Exception {
    Path pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    byte[] images = gzip(IMAGES);
    byte[] labels = gzip(LABELS);
    CompletableFuture<Void> writer =
        CompletableFuture.runAsync(
            () -> {
              try (OutputStream out = Files.newOutputStream(pipe)) {
                for (byte[] part : List.of(images, labels)) {
                  out.write(part, 0, part.length / 2);
                  out.flush();
                  Thread.sleep(200);
                  out.write(part, part.length / 2, part.length - part.length / 2);
                  out.flush();
                  Thread.sleep(200); // at the border: nothing is available, more comes
                }
              } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    try (InputStream in = Files.newInputStream(pipe)) {
      IdxStream.split(in, "pipe", PAIR, folder);
    }
    writer.join();
    assertBoth();
  }

  @Test
  void split_labelsFirst_saysWhatShouldCome() {
    assertThatThrownBy(() -> split(join(LABELS, IMAGES)))
        .isInstanceOf(CoracleException.class)
        .hasMessage(
            "channel training should continue with train-images-idx3-ubyte, magic number"
                + " 0x00000803; it has 0x00000801");
  }

  @Test
  void split_oneFileTooFewOrTooMany_isRefused() {
    assertThatThrownBy(() -> split(IMAGES))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("train-labels-idx1-ubyte, magic number 0x00000801; it ends");
    assertThatThrownBy(() -> split(join(IMAGES, LABELS, LABELS)))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("more than the 2 files expected");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3, 10, 16, 5000})
  void split_plainStreamThatEndsEarly_isRefused(int length) {
    byte[] part = new byte[length];
    System.arraycopy(IMAGES, 0, part, 0, length);
    assertThatThrownBy(() -> split(part))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("channel training");
  }

  @Test
  void split_damagedGzip_isRefused() throws IOException {
    byte[] stream = join(gzip(IMAGES), gzip(LABELS));
    stream[1000] ^= 0x55;
    assertThatThrownBy(() -> split(stream))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("channel training");
  }

  @Test
  void split_sizesBeyondAllFiles_areRefusedWithoutMemory() {
    int most = Integer.MAX_VALUE;
    for (int[] sizes :
        new int[][] {{-1, -1, -1}, {most, most, most}, {1 << 16, 256, 128}, {0, 28, 28}}) {
      ByteBuffer header = ByteBuffer.allocate(16).putInt(0x803);
      header.putInt(sizes[0]).putInt(sizes[1]).putInt(sizes[2]);
      assertThatThrownBy(() -> split(header.array()))
          .isInstanceOf(CoracleException.class)
          .hasMessageContaining("declares sizes for train-images-idx3-ubyte that no file has");
    }
  }
}
