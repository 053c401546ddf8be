// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QueryTest {

  private static final String JSON = '[' + Models.numbers(0) + ']';

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "null",
      value = {
        "null | 200",
        "'' | 200",
        "application/json | 200",
        "text/json | 200",
        "APPLICATION/JSON; Charset=\"UTF-8\" | 200",
        "application/json;charset=us-ascii | 200",
        "application/json; charset=iso-8859-1 | 415",
        "application/json, text/csv | 415",
        "application | 415",
        "/json | 415",
        "application/ | 415",
        "application/xml | 415",
        "text/plain | 415",
        "application/x-www-form-urlencoded | 415",
        "application/x-npy | 400",
        "image/png | 415", // the content is no picture
      })
  void invocation_contentType_givesStatus(@Nullable String contentType, int status) {
    int actual = 200;
    try {
      Query.invocation(Models.MNIST, Models.body(contentType, JSON), "*/*");
    } catch (RequestException e) {
      actual = e.status();
    }
    assertThat(actual).isEqualTo(status);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "application/json; scale=0 | 400 | expected scale=N in the Content-Type",
        "application/json; scale=-1 | 400 | expected scale=N in the Content-Type",
        "application/json; scale=NaN | 400 | expected scale=N in the Content-Type",
        "application/json; scale=1e99 | 400 | expected scale=N in the Content-Type",
        "application/json; scale=0x10 | 400 | expected scale=N in the Content-Type",
        "application/octet-stream; scale=255 | 400 | scale= is for numbers",
        "application/json; scale=1; scale=1 | 415 | malformed",
        "application/json; scale | 415 | malformed",
        "application/json; scale=\"1 | 415 | malformed",
      })
  void invocation_wrongScale_isRefusedWhateverTheNumbers(
      String contentType, int status, String message) {
    String zeros = "[" + "0,".repeat(Models.PIXELS - 1) + "0]";
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(() -> Query.invocation(Models.MNIST, Models.body(contentType, zeros), "*/*"))
        .withMessageContaining(message)
        .extracting(RequestException::status)
        .isEqualTo(status);
  }

  @Test
  void invocation_numbersOutsideTheScale_areRefused() {
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(
            () ->
                Query.invocation(
                    Models.MNIST, Models.body("application/json; scale=1000", JSON), "*/*"))
        .withMessageContaining("expected numbers from 0 to 1000.0, as scale= says, got -")
        .extracting(RequestException::status)
        .isEqualTo(400);
  }

  @Test
  void invocation_unknownContentType_listsWhatIsTaken() {
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(() -> Query.invocation(Models.MNIST, Models.body("a/b", JSON), "*/*"))
        .withMessage(
            "expected the Content-Type application/json, text/csv, application/jsonlines,"
                + " application/x-npy, application/octet-stream, image/png, image/jpeg, got"
                + " \"a/b\"");
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(
            () ->
                Query.invocation(
                    Models.MNIST, Models.body("application/x-www-form-urlencoded", JSON), "*/*"))
        .withMessageContaining("curl -d");
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(() -> Query.invocation(Models.MNIST, Models.body(null, "7"), "*/*"))
        .extracting(RequestException::status)
        .isEqualTo(415);
  }

  @Test
  void invocation_emptyBody_isRefused() {
    for (@Nullable String type :
        new @Nullable String[] {null, "application/json", "text/csv", "image/png", "a/b"}) {
      assertThatExceptionOfType(RequestException.class)
          .isThrownBy(() -> Query.invocation(Models.MNIST, Models.body(type, ""), "*/*"))
          .withMessage("expected images, got an empty body; send at least one");
    }
  }

  @ParameterizedTest
  @CsvSource({"text/plain", "application/x-www-form-urlencoded", "application/json", ","})
  void classify_contentTypeOfAForm_isJson(@Nullable String contentType) {
    JsonImagesTest.assertImages(
        Query.classify(Models.MNIST, Models.body(contentType, JSON), false).images(), 1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "text/plain; charset=utf-16",
        "application/x-www-form-urlencoded; charset=iso-8859-1",
        "application/json; charset=utf-16"
      })
  void classify_otherCharset_is415(String contentType) {
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(() -> Query.classify(Models.MNIST, Models.body(contentType, JSON), false))
        .withMessageContaining("expected the charset utf-8")
        .extracting(RequestException::status)
        .isEqualTo(415);
  }

  /** 16 million pixels are taken; these would need some 200 MB. */
  @Test
  void invocation_pictureOf16004000Pixels_is413() throws IOException {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(4_001, 4_000, BufferedImage.TYPE_BYTE_BINARY), "png", png);
    RequestBody body = new RequestBody("image/png", null, png.toByteArray());
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(() -> Query.invocation(Models.MNIST, body, "*/*"))
        .withMessageContaining("16,004,000 pixels")
        .extracting(RequestException::status)
        .isEqualTo(413);
  }

  @Test
  void invocation_bytes_areImages() {
    byte[] bytes = new byte[3 * Models.PIXELS];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i * 31 + i / Models.PIXELS);
    }
    RequestBody body = new RequestBody("application/octet-stream", null, bytes);
    Query query = Query.invocation(Models.MNIST, body, "*/*");
    assertThat(query.images()).hasSize(3);
    for (int i = 0; i < 3; i++) {
      assertThat((byte[]) query.images().get(i))
          .isEqualTo(Arrays.copyOfRange(bytes, i * Models.PIXELS, (i + 1) * Models.PIXELS));
    }
    for (int length : new int[] {1, 783, 785, 3 * Models.PIXELS - 1}) {
      RequestBody other =
          new RequestBody("application/octet-stream", null, Arrays.copyOf(bytes, length));
      assertThatExceptionOfType(RequestException.class)
          .isThrownBy(() -> Query.invocation(Models.MNIST, other, "*/*"))
          .withMessage("expected 784 bytes for each image of 28×28, got " + length + " bytes");
    }
    RequestBody many =
        new RequestBody("application/octet-stream", null, new byte[101 * Models.PIXELS]);
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(() -> Query.invocation(Models.MNIST, many, "*/*"))
        .extracting(RequestException::status)
        .isEqualTo(413);
  }

  @Test
  void invocation_csvAndJsonLines_giveTheImages() {
    String csv = Models.numbers(0).replace(",", " ,\t") + "\r\n\n \n" + Models.numbers(1);
    JsonImagesTest.assertImages(
        Query.invocation(Models.MNIST, Models.body("text/csv", csv), "*/*").images(), 2);
    JsonImagesTest.assertImages(
        Query.invocation(
                Models.MNIST, Models.body("text/csv; header=present", "a,b\n" + csv), "*/*")
            .images(),
        2);
    String lines = JSON + "\r\n \n{\"features\":[" + Models.numbers(1) + "]}\n";
    for (String type :
        new String[] {
          "application/jsonlines",
          "application/x-jsonlines",
          "application/jsonl",
          "application/x-ndjson"
        }) {
      JsonImagesTest.assertImages(
          Query.invocation(Models.MNIST, Models.body(type, lines), "*/*").images(), 2);
    }
  }

  @Test
  void invocation_csvHeader_isSkippedOnlyWherePresent() {
    String csv = Models.numbers(0) + "\n" + Models.numbers(1) + "\n";
    for (String type : List.of("text/csv", "text/csv; header=absent")) {
      JsonImagesTest.assertImages(
          Query.invocation(Models.MNIST, Models.body(type, csv), "*/*").images(), 2);
    }
    for (String type : List.of("text/csv; header=present", "text/csv; header=PRESENT")) {
      JsonImagesTest.assertImages(
          Query.invocation(
                  Models.MNIST, Models.body(type, "no numbers\n" + Models.numbers(0)), "*/*")
              .images(),
          1);
      assertThat(Query.invocation(Models.MNIST, Models.body(type, csv), "*/*").images()).hasSize(1);
    }
  }

  @Test
  void invocation_csvFieldOfMoreThan1000Characters_isRefused() {
    String rest = ",0".repeat(Models.PIXELS - 1);
    String longest = "0." + "0".repeat(997) + "1";
    assertThat(longest).hasSize(1_000);
    assertThat(
            Query.invocation(Models.MNIST, Models.body("text/csv", longest + rest), "*/*").images())
        .hasSize(1);
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(
            () ->
                Query.invocation(
                    Models.MNIST, Models.body("text/csv", "0" + longest + rest), "*/*"))
        .withMessageContaining("as field 1 of line 1");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "text/csv | 1,2 | an image of 784 numbers on each line, got 2 on line 1",
        "text/csv | ' ' | 1 to 100 images",
        "text/csv | 1,x | got \"x\" as field 2 of line 1",
        "text/csv | 1,,2 | got \"\" as field 2 of line 1",
        "text/csv | '\"1\"' | as field 1 of line 1",
        "text/csv | 1e308 | got \"1e308\" as field 1",
        "text/csv | NaN | got \"NaN\" as field 1",
        "text/csv;header=present | 1,2 | 1 to 100 images",
        "application/jsonlines | [1] | got an array of (1)",
        "application/jsonlines | [ | ends early, at line 1",
        "application/jsonlines | [1] [2] | got an array of (1)",
        "application/jsonlines | {} | none of these keys at line 1",
      })
  void invocation_wrongLine_isRefused(String type, String text, String message) {
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(() -> Query.invocation(Models.MNIST, Models.body(type, text), "*/*"))
        .withMessageContaining(message)
        .extracting(RequestException::status)
        .isEqualTo(400);
  }

  @Test
  void invocation_wrongJsonLine_saysWhichLine() {
    for (String wrong : new String[] {"[1", "{\"data\":7}", "[" + JSON + "," + JSON + "]"}) {
      String lines = JSON + "\n\n" + wrong;
      assertThatExceptionOfType(RequestException.class)
          .isThrownBy(
              () -> Query.invocation(Models.MNIST, Models.body("application/jsonl", lines), "*/*"))
          .withMessageContaining("line 3");
    }
  }

  @Test
  void error_anyMessage_isJson() {
    Answer answer = Answer.error("a \"b\" \ud800");
    assertThat(answer.contentType()).isEqualTo("application/json");
    assertThat(new String(answer.body(), StandardCharsets.UTF_8))
        .isEqualTo("{\"error\":\"a \\\"b\\\" ?\"}\n");
  }
}
