// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PictureReaderTest {

  private static byte[] picture(String format, int width, int height) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY), format, bytes);
    return bytes.toByteArray();
  }

  @ParameterizedTest
  @ValueSource(strings = {"png", "jpeg"})
  void isLarge_moreThanAMillionPixels_isTrue(String format) throws IOException {
    assertThat(PictureReader.isLarge(picture(format, 1_000, 1_000))).isFalse();
    assertThat(PictureReader.isLarge(picture(format, 1_001, 1_000))).isTrue();
  }

  @Test
  void isLarge_noPictureOrDamaged_isFalse() throws IOException {
    byte[] whole = picture("png", 2_000, 2_000);
    for (int length = 0; length < 24; length++) { // the size ends there
      assertThat(PictureReader.isLarge(Arrays.copyOf(whole, length))).as("%d", length).isFalse();
    }
  }

  /** Returns a JPEG whose scans, but for the first six, each refine nothing. */
  private static byte[] progressive(int scans) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    ImageWriteParam settings = writer.getDefaultWriteParam();
    settings.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
    try (ImageOutputStream out = ImageIO.createImageOutputStream(bytes)) {
      writer.setOutput(out);
      BufferedImage grey = new BufferedImage(16, 16, BufferedImage.TYPE_BYTE_GRAY);
      writer.write(null, new IIOImage(grey, null, null), settings);
    }
    writer.dispose();
    byte[] six = bytes.toByteArray();
    bytes.reset();
    bytes.write(six, 0, six.length - 2);
    for (int i = 6; i < scans; i++) {
      bytes.writeBytes(HexFormat.of().parseHex("ffda0008010100013f100000"));
    }
    bytes.write(six, six.length - 2, 2);
    return bytes.toByteArray();
  }

  private static BufferedImage read(byte[] content) {
    return PictureReader.read("the picture", content, Set.of("jpeg"), 1_000_000);
  }

  /** Puts a segment after the first marker of a JPEG. */
  private static byte[] with(int marker, byte[] data, byte[] jpeg) {
    return ByteBuffer.allocate(jpeg.length + 4 + data.length)
        .put(jpeg, 0, 2)
        .put((byte) 0xff)
        .put((byte) marker)
        .putShort((short) (2 + data.length))
        .put(data)
        .put(jpeg, 2, jpeg.length - 2)
        .array();
  }

  @Test
  void read_progressiveJpeg_isDecoded() throws IOException {
    assertThat(read(progressive(6)).getWidth()).isEqualTo(16);
  }

  /** Each of the scans would be a pass over all pixels. */
  @Test
  void read_jpegOfMoreThan100Scans_is400() throws IOException {
    byte[] tables = HexFormat.of().parseHex("ffd8ffd9"); // after which the reader goes on
    for (byte[] before : new byte[][] {{}, tables}) {
      byte[] jpeg = progressive(101);
      byte[] content = Arrays.copyOf(before, before.length + jpeg.length);
      System.arraycopy(jpeg, 0, content, before.length, jpeg.length);
      assertThatExceptionOfType(RequestException.class)
          .isThrownBy(() -> read(content))
          .withMessage(
              "the picture has 101 scans; expected at most 100; save it as a baseline JPEG")
          .extracting(RequestException::status)
          .isEqualTo(400);
    }
  }

  /** A preview in a comment and a film after the picture are no scans of it. */
  @Test
  void read_markersOutsideTheScans_areNotCounted() throws IOException {
    byte[] markers = HexFormat.of().parseHex("ffda0008".repeat(200));
    byte[] jpeg = with(0xfe, markers, picture("jpeg", 16, 16));
    byte[] followed = Arrays.copyOf(jpeg, jpeg.length + markers.length);
    System.arraycopy(markers, 0, followed, jpeg.length, markers.length);
    assertThat(read(followed).getWidth()).isEqualTo(16);
  }

  @Test
  void read_jpegWithBrokenColourProfile_isDecoded() throws IOException {
    byte[] jpeg = picture("jpeg", 1_001, 1_000);
    for (String profile : new String[] {"0101deadbeef", "0501deadbeef", "0000", ""}) {
      byte[] name = "ICC_PROFILE\0".getBytes(StandardCharsets.US_ASCII);
      byte[] data = HexFormat.of().parseHex(HexFormat.of().formatHex(name) + profile);
      byte[] content = with(0xe2, data, jpeg);
      assertThat(PictureReader.isLarge(content)).as(profile).isTrue();
      assertThat(PictureReader.read("the picture", content, Set.of("jpeg"), 2_000_000).getWidth())
          .as(profile)
          .isEqualTo(1_001);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"png", "jpeg"})
  void read_asManyPixelsAsAllowed_isDecoded(String format) throws IOException {
    byte[] content = picture(format, 20, 10);
    Set<String> formats = Set.of(format);
    assertThat(PictureReader.read("the picture", content, formats, 200).getHeight()).isEqualTo(10);
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(() -> PictureReader.read("the picture", content, formats, 199))
        .withMessage("the picture has 200 pixels; expected at most 199")
        .extracting(RequestException::status)
        .isEqualTo(413);
  }

  @Test
  void read_damagedPicture_saysWhich() throws IOException {
    byte[] half = Arrays.copyOf(picture("png", 16, 16), 40);
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(() -> PictureReader.read("the picture", half, Set.of("png"), 1_000_000))
        .withMessageStartingWith("cannot read the picture: ");
  }
}
