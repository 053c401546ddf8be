// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.report.DigitArt.Picture;
import dev.coracle.report.DigitArt.Style;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class DigitArtTest {

  @Test
  void draw_blocks_showsTwoPixelsACharacter() {
    assertThat(DigitArt.draw(picture(2, 4, 0, 0, 255, 255, 0, 255, 0, 255), Style.BLOCKS))
        .containsExactly(" ▄▀█");
  }

  @Test
  void draw_oddRows_lastLineHasBlackBelow() {
    assertThat(DigitArt.draw(picture(3, 2, 0, 255, 0, 255, 255, 0), Style.BLOCKS))
        .containsExactly(" █", "▀ ");
  }

  @Test
  void draw_faintPicture_stillShows() {
    assertThat(DigitArt.draw(picture(2, 2, 0, 40, 3, 44), Style.BLOCKS)).containsExactly(" █");
  }

  @Test
  void draw_oneGrey_isBlankOrFull() {
    assertThat(DigitArt.draw(picture(2, 1, 0, 0), Style.BLOCKS)).containsExactly(" ");
    assertThat(DigitArt.draw(picture(2, 1, 255, 255), Style.BLOCKS)).containsExactly("█");
  }

  @Test
  void draw_ascii_averagesTwoPixels() {
    assertThat(DigitArt.draw(picture(2, 3, 0, 255, 255, 0, 255, 1), Style.ASCII))
        .containsExactly(" @+");
  }

  @Test
  void draw_greys_setsColoursWhereTheyChangeAndResets() {
    assertThat(DigitArt.draw(picture(2, 3, 255, 255, 0, 0, 0, 0), Style.GREYS))
        .containsExactly("\u001b[38;5;231m\u001b[48;5;16m▀▀\u001b[38;5;16m▀\u001b[0m");
  }

  @Test
  void draw_digitSize_is28By14() {
    for (Style style : List.of(Style.ASCII, Style.BLOCKS)) {
      assertThat(DigitArt.draw(new Picture(new byte[784], 28, 28, ""), style))
          .hasSize(14)
          .allMatch(line -> line.length() == 28);
    }
  }

  @Test
  void styleOf_charset_fallsBackToAscii() {
    assertThat(Style.of(StandardCharsets.UTF_8, true)).isEqualTo(Style.GREYS);
    assertThat(Style.of(StandardCharsets.UTF_8, false)).isEqualTo(Style.BLOCKS);
    assertThat(Style.of(StandardCharsets.US_ASCII, true)).isEqualTo(Style.ASCII);
    assertThat(Style.of(StandardCharsets.ISO_8859_1, false)).isEqualTo(Style.ASCII);
  }

  @Test
  void sheet_twoPictures_centresCaptionsUnderThem() {
    Picture one = new Picture(bytes(255, 255, 255, 255, 255, 255), 2, 3, "1");
    Picture two = new Picture(bytes(255, 255, 255, 255, 255, 255), 2, 3, "seven");

    assertThat(DigitArt.sheet(List.of(one, two), 12, Style.BLOCKS))
        .isEqualTo(" ███    ███\n  1    seven\n");
  }

  @Test
  void sheet_narrowTerminal_wrapsAndCuts() {
    Picture picture = new Picture(bytes(255, 255), 2, 1, "a very long name");

    assertThat(DigitArt.sheet(List.of(picture, picture), 8, Style.BLOCKS))
        .isEqualTo("   █\na very …\n\n   █\na very …\n");
    assertThat(DigitArt.sheet(List.of(picture), 8, Style.ASCII)).isEqualTo("   @\na ver...\n");
    assertThat(DigitArt.sheet(List.of(), 8, Style.ASCII)).isEmpty();
  }

  @Test
  void sheet_default_keepsTo100Columns() {
    List<Picture> many = Collections.nCopies(9, new Picture(new byte[784], 28, 28, "x".repeat(28)));

    assertThat(DigitArt.sheet(many, DigitArt.DEFAULT_WIDTH, Style.BLOCKS).lines())
        .allMatch(line -> line.length() <= 100)
        .anyMatch(line -> line.length() == 88);
  }

  @Test
  void sheet_controlCharactersInCaption_areTakenOut() {
    Picture picture = new Picture(bytes(0, 0), 2, 1, "a\u001b[2J\nb");

    assertThat(DigitArt.sheet(List.of(picture), 9, Style.BLOCKS)).isEqualTo("\na [2J b\n");
  }

  @Test
  void picture_wrongLength_saysWhatWasExpected() {
    assertThatThrownBy(() -> new Picture(new byte[3], 2, 2, ""))
        .hasMessage("pixels: 3 bytes, expected rows*columns = 2*2");
  }

  private static Picture picture(int rows, int columns, int... pixels) {
    return new Picture(bytes(pixels), rows, columns, "");
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }
}
