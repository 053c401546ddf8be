// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import javax.imageio.ImageIO;
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
}
