// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.coracle.inference.EncodedImage;
import dev.coracle.inference.ModelCodec;
import dev.coracle.inference.TestModel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Oracle: bytes made by hand after the description of numpy.lib.format. */
class NpyReaderTest {

  /** Images of 2×3. */
  private static final ModelCodec SMALL = Models.codec(TestModel.logits().withSize(2, 3, 4));

  private static byte[] npy(int version, String header, byte[] data) {
    ByteBuffer file =
        ByteBuffer.allocate(12 + header.length() + data.length).order(ByteOrder.LITTLE_ENDIAN);
    file.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.US_ASCII));
    file.put((byte) version).put((byte) 0);
    if (version == 1) {
      file.putShort((short) header.length());
    } else {
      file.putInt(header.length());
    }
    file.put(header.getBytes(StandardCharsets.ISO_8859_1)).put(data);
    byte[] bytes = new byte[file.position()];
    return file.flip().get(bytes).hasRemaining() ? new byte[0] : bytes;
  }

  private static String header(String descr, boolean fortran, String shape) {
    return "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }   \n"
        .formatted(descr, fortran ? "True" : "False", shape);
  }

  private static Query query(String type, byte[] file) {
    return Query.invocation(SMALL, new RequestBody(type, null, file), "*/*");
  }

  private static Query query(byte[] file) {
    return query("application/x-npy", file);
  }

  private static byte[] hex(String hex) {
    return HexFormat.of().parseHex(hex.replace(" ", ""));
  }

  /** Each row holds six elements: 0, 1 and 1.5 or 2, the largest or one that rounds, and so on. */
  @ParameterizedTest
  @CsvSource({
    "<f2, 0000 003c 003e 00c0 0100 ff7b, 0 1 1.5 -2 5.9604645e-8 65504",
    ">f2, 0000 3c00 3e00 c000 0001 7bff, 0 1 1.5 -2 5.9604645e-8 65504",
    "<f4, 00000000 0000803f 0000c03f 000000c0 01000000 ffff7f7f, 0 1 1.5 -2 1e-45 3.4028235e38",
    ">f4, 00000000 3f800000 3fc00000 c0000000 00000001 7f7fffff, 0 1 1.5 -2 1e-45 3.4028235e38",
    ">f8, 0000000000000000 3ff0000000000000 3ff8000000000000 c000000000000000 3fb999999999999a 4059000000000000, 0 1 1.5 -2 0.1 100",
    "|i1, 00 01 02 ff 7f 80, 0 1 2 -1 127 -128",
    "<i2, 0000 0100 0200 ffff ff7f 0080, 0 1 2 -1 32767 -32768",
    "<i4, 00000000 01000000 02000000 ffffffff ffffff7f 00000080, 0 1 2 -1 2147483647 -2147483648",
    "<i8, 0000000000000000 0100000000000000 0200000000000000 ffffffffffffffff ffffffffffffff7f 0000000000000080, 0 1 2 -1 9223372036854775807 -9223372036854775808",
    ">u2, 0000 0001 0002 ffff 7fff 8000, 0 1 2 65535 32767 32768",
    "<u4, 00000000 01000000 02000000 ffffffff ffffff7f 00000080, 0 1 2 4294967295 2147483647 2147483648",
    "<u8, 0000000000000000 0100000000000000 0200000000000000 ffffffffffffffff 0100000080000080 0000000000000080, 0 1 2 18446744073709551615 9223372586610589697 9223372036854775808",
    "|b1, 00 01 01 00 01 00, 0 1 1 0 1 0",
  })
  void invocation_eachDtype_isReadAsNearestFloat(String descr, String data, String values) {
    for (int version = 1; version <= 3; version++) {
      byte[] file = npy(version, header(descr, false, "(1, 2, 3)"), hex(data));
      float[] image = ((EncodedImage) query(file).images().get(0)).values();
      String[] expected = values.split(" ", -1);
      for (int i = 0; i < 6; i++) {
        assertThat(image[i]).isEqualTo(Float.parseFloat(expected[i]));
      }
    }
  }

  @Test
  void invocation_eachShapeAndOrder_isReadRowMajor() {
    byte[] twoImages = hex("01 02 03 04 05 06 11 12 13 14 15 16");
    for (String shape : List.of("(2, 6)", "(2, 2, 3)", "(2, 1, 2, 3)")) {
      Query query = query(npy(1, header("|u1", false, shape), twoImages));
      assertThat((byte[]) query.images().get(0)).isEqualTo(hex("010203040506"));
      assertThat((byte[]) query.images().get(1)).isEqualTo(hex("111213141516"));
    }
    // In Fortran's order the first axis varies fastest: image, then row, then column.
    byte[] fortran = hex("01 11 04 14 02 12 05 15 03 13 06 16");
    for (String shape : List.of("(2, 2, 3)", "(2, 1, 2, 3)")) {
      Query query = query(npy(1, header("|u1", true, shape), fortran));
      assertThat((byte[]) query.images().get(0)).isEqualTo(hex("010203040506"));
      assertThat((byte[]) query.images().get(1)).isEqualTo(hex("111213141516"));
    }
    byte[] one = hex("01 02 03 04 05 06");
    for (String shape : List.of("(6,)", "(2, 3)", "(1, 6)")) {
      assertThat((byte[]) query(npy(2, header("|u1", false, shape), one)).images().get(0))
          .isEqualTo(one);
    }
    byte[] numbers = hex("0100 0400 0200 0500 0300 0600");
    assertThat(
            ((EncodedImage) query(npy(1, header("<i2", true, "(2, 3)"), numbers)).images().get(0))
                .values())
        .containsExactly(1, 2, 3, 4, 5, 6);
  }

  @Test
  void invocation_scale_makesGreyValues() {
    byte[] file = npy(1, header("|u1", false, "(6,)"), hex("00 01 02 03 04 05"));
    assertThat((float[]) query("application/x-npy; scale=5", file).images().get(0))
        .containsExactly(0, 1 / 5f, 2 / 5f, 3 / 5f, 4 / 5f, 1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), } ; got object",
        "{'descr': '<c8', 'fortran_order': False, 'shape': (6,), } ; got \"<c8\"",
        "{'descr': '<U1', 'fortran_order': False, 'shape': (6,), } ; got \"<U1\"", // text
        "{'descr': 'f4', 'fortran_order': False, 'shape': (6,), } ; got \"f4\"",
        "{'descr': '', 'fortran_order': False, 'shape': (6,), } ; got \"\"",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,), } ; a structured one",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (5,), } ; got an array of (5)",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (), } ; got an array of ()",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (0, 6), } ; expected 0 bytes",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1,1,1,2,3), } ; at most 4 axes",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), } ; expected 24 bytes",
        "{'descr': '|u1', 'fortran_order': 0, 'shape': (6,), } ; no dictionary",
        "{'descr': '|u1', 'fortran_order': False, } ; no dictionary",
        "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (6,)} ; no dictionary",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999,), } ; no dictionary",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-6,), } ; no dictionary",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (6,)} x ; no dictionary",
        "{ ; no dictionary",
        "none ; no dictionary",
      })
  void invocation_wrongHeader_isRefused(String header, String message) {
    String text = header.equals("none") ? "" : header;
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(() -> query(npy(1, text, new byte[6])))
        .withMessageContaining(message)
        .extracting(RequestException::status)
        .isEqualTo(400);
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1, 1", "3, 1", "4, 0", "255, 0"})
  void invocation_unknownVersion_isRefused(int major, int minor) {
    byte[] file = npy(1, header("|u1", false, "(6,)"), new byte[6]);
    file[6] = (byte) major;
    file[7] = (byte) minor;
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(() -> query(file))
        .withMessageContaining("got version " + major + "." + minor)
        .extracting(RequestException::status)
        .isEqualTo(400);
  }

  @Test
  void invocation_tooManyImages_is413() {
    for (String n : List.of("101", "9999999999")) {
      byte[] file = npy(1, header("|u1", false, "(" + n + ", 6)"), new byte[606]);
      assertThatExceptionOfType(RequestException.class)
          .isThrownBy(() -> query(file))
          .extracting(RequestException::status)
          .isEqualTo(413);
    }
  }

  @Test
  void invocation_elementThatIsNoFloat32_isRefused() {
    String[][] wrong = {
      {"<f2", "007c"},
      {"<f2", "017e"},
      {"<f4", "0000807f"},
      {"<f4", "0000c07f"},
      {">f8", "7fefffffffffffff"},
      {"|b1", "02"}
    };
    for (String[] element : wrong) {
      byte[] file = npy(1, header(element[0], false, "(6,)"), hex(element[1].repeat(6)));
      assertThatExceptionOfType(RequestException.class)
          .isThrownBy(() -> query(file))
          .withMessageStartingWith(
              "expected npy elements that a float32 can hold, got one that it cannot at offset ");
    }
  }
}
