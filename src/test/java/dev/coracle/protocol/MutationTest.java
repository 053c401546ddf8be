// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.inference.ModelCodec;
import dev.coracle.inference.TestModel;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Damages bodies: whatever comes, it is read or refused by a RequestException. */
class MutationTest {

  private static final ModelCodec SMALL = Models.codec(TestModel.logits().withSize(2, 3, 4));

  /** What text formats have a meaning for, and what text and numbers go wrong at. */
  private static final String[] PIECES = {
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\"",
    "\n",
    "\r",
    " ",
    "-",
    ".",
    "e",
    "1e999",
    "0",
    "NaN",
    "null",
    "true",
    "\\u",
    "\\ud800",
    "\"data\":",
    "\"inputs\":",
    "[[[[",
    "\ufeff",
    "é",
    "\u0000",
    "9999999999999999999999",
    "(",
    ")",
    "'",
    "True",
    "|O",
    ">f8",
    "99999999",
    "\"shape\":",
    "#"
  };

  static Stream<Arguments> bodies() throws IOException {
    String flat = "[1,-2.5,3e-1,0.25,5,6]";
    byte[] infer =
        ("{\"id\":\"a\",\"inputs\":[{\"name\":\"input_0\",\"shape\":[1,1,2,3],\"datatype\":\"FP32\","
                + "\"data\":"
                + flat
                + "}],\"outputs\":[{\"name\":\"output_0\"}]}")
            .getBytes(StandardCharsets.UTF_8);
    ByteBuffer npy = ByteBuffer.allocate(128 + 24).order(ByteOrder.LITTLE_ENDIAN);
    npy.put(NpyWriter.MAGIC).put((byte) 1).put((byte) 0).putShort((short) 118);
    npy.put(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), }"
            .getBytes(StandardCharsets.US_ASCII));
    while (npy.position() < 128) {
      npy.put((byte) ' ');
    }
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(3, 2, BufferedImage.TYPE_BYTE_GRAY), "png", png);
    ByteArrayOutputStream jpeg = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(3, 2, BufferedImage.TYPE_BYTE_GRAY), "jpeg", jpeg);
    return Stream.of(
        Arguments.of(
            "application/json",
            ("[" + flat + "," + flat + "]").getBytes(StandardCharsets.UTF_8),
            4_000),
        Arguments.of(
            "application/json; scale=60",
            ("{\"instances\":[{\"features\":" + flat.replace("-", "") + "}]}")
                .getBytes(StandardCharsets.UTF_8),
            4_000),
        Arguments.of(
            "application/jsonlines",
            (flat + "\n{\"data\":[" + flat + "]}\n").getBytes(StandardCharsets.UTF_8),
            4_000),
        Arguments.of(
            "text/csv",
            "1,2,-3.5,4,5,6e-1\r\n1,2,3,4,5,6\n".getBytes(StandardCharsets.UTF_8),
            4_000),
        Arguments.of("application/x-npy", npy.array(), 4_000),
        Arguments.of("application/octet-stream", new byte[12], 4_000),
        Arguments.of("infer", infer, 4_000),
        Arguments.of("gzip", gzip(), 4_000),
        Arguments.of("image/png", png.toByteArray(), 1_000),
        Arguments.of("image/jpeg", jpeg.toByteArray(), 1_000));
  }

  private static byte[] gzip() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write("[1,2,3,4,5,6]".getBytes(StandardCharsets.US_ASCII));
    }
    return bytes.toByteArray();
  }

  @ParameterizedTest
  @MethodSource("bodies")
  void query_damagedBody_isReadOrRefused(String type, byte[] body, int rounds) {
    Random random = new Random(42);
    int read = 0;
    for (int round = 0; round < rounds; round++) {
      byte[] damaged = body;
      for (int n = random.nextInt(4); n >= 0; n--) {
        damaged = damage(damaged, random);
      }
      try {
        read(type, damaged);
        read++;
      } catch (RequestException e) {
        String message = String.valueOf(e.getMessage());
        boolean leaks =
            message.length() > 400 || message.contains("fasterxml") || message.contains("Source:");
        if (leaks || e.status() < 400 || e.status() > 415) {
          throw new AssertionError(e.status() + " " + message, e);
        }
      } catch (RuntimeException | Error e) {
        throw new AssertionError(
            "round " + round + ": " + new String(damaged, StandardCharsets.ISO_8859_1), e);
      }
    }
    read(type, body);
    assertThat(read).isBetween(1, rounds - 1);
  }

  private static void read(String type, byte[] bytes) {
    if (type.equals("gzip")) {
      RequestBody.decoded("gzip", bytes, 1000);
    } else if (type.equals("infer")) {
      Query.infer(SMALL, "m", "1", new RequestBody(null, null, bytes)).answer(new float[4]);
    } else {
      Query.invocation(SMALL, new RequestBody(type, null, bytes), "*/*");
    }
  }

  private static byte[] damage(byte[] bytes, Random random) {
    int at = random.nextInt(bytes.length + 1);
    int to = Math.min(bytes.length, at + random.nextInt(8));
    byte[] piece = PIECES[random.nextInt(PIECES.length)].getBytes(StandardCharsets.UTF_8);
    return switch (random.nextInt(6)) {
      case 0 -> Arrays.copyOf(bytes, at);
      case 1 -> joined(bytes, at, new byte[0], to);
      case 2 -> joined(bytes, at, piece, at);
      case 3 -> joined(bytes, at, piece, to);
      case 4 -> joined(bytes, at, Arrays.copyOfRange(bytes, at, to), at);
      default ->
          joined(bytes, at, new byte[] {(byte) random.nextInt()}, Math.min(bytes.length, at + 1));
    };
  }

  private static byte[] joined(byte[] bytes, int to, byte[] between, int from) {
    ByteBuffer all = ByteBuffer.allocate(to + between.length + bytes.length - from);
    return all.put(bytes, 0, to).put(between).put(bytes, from, bytes.length - from).array();
  }
}
