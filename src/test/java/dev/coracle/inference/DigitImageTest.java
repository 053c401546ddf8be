// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.WritableRaster;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DigitImageTest {

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

  private static byte[] pixels(BufferedImage picture) {
    return DigitImage.pixels(picture, 28, 28);
  }

  private static int[] unsigned(byte[] pixels) {
    int[] values = new int[pixels.length];
    Arrays.setAll(values, i -> pixels[i] & 0xff);
    return values;
  }

  @Test
  void pixels_modelsSizeInAnyKindOfGrey_givesThePixels() {
    byte[] digit = seven();
    assertThat(pixels(Pictures.same(digit))).isEqualTo(digit);
    assertThat(pixels(Pictures.grey(digit, BufferedImage.TYPE_BYTE_GRAY))).isEqualTo(digit);
    assertThat(pixels(Pictures.grey(digit, BufferedImage.TYPE_USHORT_GRAY))).isEqualTo(digit);
    assertThat(pixels(Pictures.greyAlpha(digit, true))).isEqualTo(digit);
  }

  /** As of a scanner: twelve bits, stored in sixteen. */
  @Test
  void pixels_greyOfFewerBitsThanStored_givesThePixels() {
    ColorModel twelve =
        new ComponentColorModel(
            ColorSpace.getInstance(ColorSpace.CS_GRAY),
            new int[] {12},
            false,
            false,
            Transparency.OPAQUE,
            DataBuffer.TYPE_USHORT);
    byte[] digit = seven();
    WritableRaster raster = twelve.createCompatibleWritableRaster(28, 28);
    for (int i = 0; i < digit.length; i++) {
      raster.setSample(i % 28, i / 28, 0, ((digit[i] & 0xff) * 4095 + 127) / 255);
    }
    assertThat(pixels(new BufferedImage(twelve, raster, false, null))).isEqualTo(digit);
  }

  @Test
  void pixels_transparentPage_isWhite() {
    assertThat(pixels(Pictures.greyAlpha(seven(), false))).isEqualTo(seven());
  }

  @Test
  void pixels_oneBit_isBlackAndWhite() {
    byte[] digit = seven();
    for (int i = 0; i < digit.length; i++) {
      digit[i] = (byte) (digit[i] == 0 ? 0 : 1);
    }
    int[] expected = Arrays.stream(unsigned(digit)).map(bit -> 255 * bit).toArray();
    BufferedImage picture = Pictures.grey(digit, BufferedImage.TYPE_BYTE_BINARY);
    assertThat(unsigned(pixels(picture))).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "30, 255", "30, 230", "30, 200", "30, 170", "30, 120", "255, 0", "255, 60", "255, 90"
  })
  void pixels_greyPaperWithNoise_isAsOnCleanPaper(int ink, int paper) {
    int[] clean = unsigned(pixels(Pictures.page(seven())));
    int[] digit = unsigned(pixels(Pictures.page(seven(), ink, paper, 3)));
    for (int i = 0; i < digit.length; i++) {
      assertThat(digit[i]).as("pixel %d", i).isBetween(clean[i] - 12, clean[i] + 12);
    }
  }

  @Test
  void pixels_page_fitsTheInkIntoTwentyRows() {
    int[] digit = unsigned(pixels(Pictures.page(seven(), 30, 170, 0)));
    int rows = 0;
    for (int y = 0; y < 28; y++) {
      rows += Arrays.stream(digit, y * 28, y * 28 + 28).anyMatch(value -> value > 0) ? 1 : 0;
    }
    assertThat(rows).isEqualTo(20);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 90, 200, 255})
  void pixels_pageWithoutInk_isRefused(int paper) {
    BufferedImage picture = Pictures.page(new byte[784], 30, paper, 3);
    assertThatExceptionOfType(InvalidInputException.class)
        .isThrownBy(() -> pixels(picture))
        .withMessageStartingWith("the picture is empty: no pixel differs from the background");
  }

  @Test
  void pixels_partOfAPicture_isAsThePartAlone() {
    BufferedImage page = Pictures.page(seven());
    BufferedImage wide = new BufferedImage(800, 700, BufferedImage.TYPE_BYTE_GRAY);
    wide.getRaster()
        .setRect(200, 150, Pictures.grey(seven(), BufferedImage.TYPE_BYTE_GRAY).getRaster());
    assertThat(pixels(wide.getSubimage(200, 150, 28, 28))).isEqualTo(seven());
    assertThat(pixels(page.getSubimage(40, 10, 290, 300))).isEqualTo(pixels(page));
  }

  @Test
  void pixels_colours_areWeighedByLuma() {
    BufferedImage picture = new BufferedImage(3, 1, BufferedImage.TYPE_INT_RGB);
    picture.setRGB(0, 0, 0xff0000);
    picture.setRGB(1, 0, 0x00ff00);
    assertThat(unsigned(DigitImage.pixels(picture, 1, 3))).containsExactly(76, 149, 0);
  }

  @Test
  void pixels_modelThatIsNotSquare_takesItsOwnSizeOnly() {
    BufferedImage picture = new BufferedImage(3, 2, BufferedImage.TYPE_BYTE_GRAY);
    picture.getRaster().setSample(1, 1, 0, 7);
    assertThat(DigitImage.pixels(picture, 2, 3)).containsExactly(0, 0, 0, 0, 7, 0);
    assertThatExceptionOfType(InvalidInputException.class)
        .isThrownBy(() -> DigitImage.pixels(picture, 3, 2))
        .withMessage(
            "expected a picture of 3×2 pixels (rows × columns), since only square images can be made of other sizes, got 2×3");
  }
}
