// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.coracle.inference.EncodedImage;
import dev.coracle.inference.TestModel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonImagesTest {

  private static Query query(String json) {
    return Query.invocation(Models.MNIST, Models.body("application/json", json), "*/*");
  }

  /** Writes an image as (28, 28) with each of its rows in brackets. */
  private static String rows(int image) {
    List<String> numbers = Models.texts(image);
    StringBuilder json = new StringBuilder("[");
    for (int row = 0; row < 28; row++) {
      json.append(row == 0 ? "[" : ", [")
          .append(String.join(",", numbers.subList(row * 28, row * 28 + 28)))
          .append(']');
    }
    return json.append(']').toString();
  }

  static void assertImages(List<?> images, int count) {
    assertThat(images).hasSize(count);
    for (int image = 0; image < count; image++) {
      float[] values = ((EncodedImage) images.get(image)).values();
      List<String> numbers = Models.texts(image);
      for (int i = 0; i < Models.PIXELS; i++) {
        assertThat(values[i]).isEqualTo(Float.parseFloat(numbers.get(i)));
      }
    }
  }

  @Test
  void invocation_eachShape_givesTheImages() {
    String flat = '[' + Models.numbers(0) + ']';
    String flat1 = '[' + Models.numbers(1) + ']';
    assertImages(query(flat).images(), 1);
    assertImages(query(rows(0)).images(), 1);
    assertImages(query("[" + flat + "," + flat1 + "]").images(), 2);
    assertImages(query("[" + rows(0) + "," + rows(1) + "]").images(), 2);
    assertImages(query("[[" + rows(0) + "],[" + rows(1) + "]]").images(), 2);
    assertImages(query("\ufeff " + flat + " \r\n\t").images(), 1);
  }

  @Test
  void invocation_eachKey_givesTheImages() {
    String flat = '[' + Models.numbers(0) + ']';
    String flat1 = '[' + Models.numbers(1) + ']';
    for (String key : List.of("instances", "inputs", "data", "features")) {
      assertImages(
          query("{\"a\":{\"data\":[[]]},\"" + key + "\":" + flat + ",\"b\":1}").images(), 1);
      assertImages(query("{\"" + key + "\":[" + flat + "," + flat1 + "]}").images(), 2);
    }
    assertImages(
        query("{\"instances\":[{\"features\":" + flat + "},{\"features\":[" + rows(1) + "]}]}")
            .images(),
        2);
  }

  @Test
  void invocation_scale_givesGreyValuesFrom0To1() {
    String body = "[" + "0,51,255,".repeat(261) + "254.5]";
    Query query =
        Query.invocation(Models.MNIST, Models.body("application/json; scale=255", body), "*/*");
    float[] image = (float[]) query.images().get(0);
    assertThat(image).startsWith(0f, 51 / 255f, 1f).endsWith(254.5f / 255f);
  }

  @Test
  void invocation_uint8Model_takesWholeNumbers() {
    var model = Models.codec(TestModel.mnist().withUint8Input());
    String zeros = "0,".repeat(783);
    assertThat(Query.invocation(model, Models.body(null, "[" + zeros + "255]"), "*/*").images())
        .hasSize(1);
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(() -> Query.invocation(model, Models.body(null, "[" + zeros + "256]"), "*/*"))
        .withMessageContaining("whole numbers from 0 to 255");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[] | got an empty array at line 1, column 2",
        "[[],[]] | got an empty array at line 1, column 3",
        "[[1,2],[3]] | got an array of 1 next to one of 2 at line 1, column 10",
        "[1,[2]] | got an array beside a number",
        "[[1],2] | got a number beside an array",
        "[[],2] | an empty array",
        "[[[[[1]]]]] | deeper than 4 at line 1, column 5",
        "[[1,2],[3,4],[5,6]] | got an array of (3, 2)",
        "[1] | expected images of 28×28 as (N, 1, 28, 28), (N, 28, 28), (N, 784), (28, 28) or (784), got an array of (1)",
        "[null] | got \"null\" at line 1, column 2",
        "['x'] | not valid at line 1, column 2, near",
        "[\"1\"] | got the string \"1\"",
        "[true] | expected a number or an array of numbers, got \"true\"",
        "[NaN] | not valid at line 1",
        "[-Infinity] | not valid at line 1",
        "[1e308] | expected a number that a float32 can hold, got \"1e308\" at line 1, column 2",
        "[01] | not valid at line 1",
        "[1,] | not valid at line 1",
        "[1 | ends early, at line 1",
        "{\"data\" | ends early",
        "[1]] | got an array of (1)",
        "{} | got one with none of these keys",
        "{\"date\":[1]} | got one with none of these keys",
        "{\"data\":7} | expected an array of numbers, got the number \"7\" at line 1, column 9",
        "{\"instances\":[{\"features\":[1]}]} | got an array of (1)",
        "{\"instances\":[]} | an empty array",
        "{\"instances\":[{}]} | none of these keys at line 1, column 15",
        "7 | expected an array of numbers, or an object",
        "\"abc\" | got the string \"abc\"",
        "null | got \"null\"",
      })
  void invocation_wrongArray_isRefused(String json, String message) {
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(() -> query(json))
        .withMessageContaining(message)
        .extracting(RequestException::status)
        .isEqualTo(400);
  }

  @Test
  void invocation_keyTwiceOrTwoKeys_isRefused() {
    String flat = '[' + Models.numbers(0) + ']';
    for (String keys : List.of("data,data", "data,inputs", "instances,features")) {
      String[] key = keys.split(",", -1);
      assertThatExceptionOfType(RequestException.class)
          .isThrownBy(
              () -> query("{\"" + key[0] + "\":" + flat + ",\"" + key[1] + "\":" + flat + "}"))
          .withMessageContaining("got \"" + key[1] + "\" after \"" + key[0] + "\"");
    }
  }

  @Test
  void invocation_moreAfterTheValue_isRefused() {
    String flat = '[' + Models.numbers(0) + ']';
    for (String more : List.of("[]", "1", "{}", " null")) {
      assertThatExceptionOfType(RequestException.class)
          .isThrownBy(() -> query(flat + more))
          .withMessageContaining("expected nothing more after the JSON value");
    }
  }

  @Test
  void invocation_tooManyImages_is413() {
    String many = "[" + ("[" + Models.numbers(0) + "],").repeat(100);
    assertThat(query(many.substring(0, many.length() - 1) + "]").images()).hasSize(100);
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(() -> query(many + "[" + Models.numbers(0) + "]]"))
        .withMessageContaining("at most 100 images")
        .extracting(RequestException::status)
        .isEqualTo(413);
  }

  @ParameterizedTest
  @ValueSource(strings = {"[", "{\"a\":", "{\"data\":[", "[[],"})
  @Timeout(5)
  void invocation_nestedOrRepeatedAMillionTimes_isRefusedQuickly(String part) {
    String body = part.repeat(1_000_000);
    for (String json : List.of(body, "{\"x\":" + body, "[" + body)) {
      assertThatExceptionOfType(RequestException.class)
          .isThrownBy(() -> query(json))
          .extracting(RequestException::status)
          .isEqualTo(400);
    }
  }

  /** The object is one of them. */
  @Test
  void invocation_moreThan100Levels_isRefused() {
    String rest = ",\"data\":[" + Models.numbers(0) + "]}";
    assertImages(query("{\"x\":" + "[".repeat(99) + "]".repeat(99) + rest).images(), 1);
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(() -> query("{\"x\":" + "[".repeat(100) + "]".repeat(100) + rest))
        .withMessageContaining("at most 100 levels")
        .extracting(RequestException::status)
        .isEqualTo(400);
  }

  @Test
  void invocation_noUtf8_isRefused() {
    byte[] latin =
        ("{\"é\":1,\"data\":[" + Models.numbers(0) + "]}").getBytes(StandardCharsets.ISO_8859_1);
    RequestBody body = new RequestBody("application/json", null, latin);
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(() -> Query.invocation(Models.MNIST, body, "*/*"))
        .withMessage("expected text in UTF-8, got the byte 0xe9 at offset 2; encode it as UTF-8");
  }

  @Test
  void invocation_longOrHostileText_isQuotedShortAndPrintable() {
    String hostile = "\u001b[31m" + "é<script>".repeat(1000);
    for (String json :
        List.of(
            "[\"" + hostile.substring(1) + "\"]",
            hostile,
            "[x" + hostile,
            "[" + "9".repeat(900) + "]")) {
      assertThatExceptionOfType(RequestException.class)
          .isThrownBy(() -> query(json))
          .satisfies(
              e ->
                  assertThat(String.valueOf(e.getMessage()).replace('×', 'x'))
                      .matches("[ -~]{10,300}"));
    }
  }
}
