// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

final class ArticleJsonTest {

  @Test
  void body_greyValues_arePrintedAsPythonPrintsThem() {
    byte[] image = new byte[784];
    int[] greys = {0, 255, 33, 34, 90, 249};
    for (int i = 0; i < greys.length; i++) {
      image[i] = (byte) greys[i];
    }
    // CPython 3.11: repr of (g/255 - 0.1307) / 0.3081, every step rounded to float32.
    assertThat(new String(ArticleJson.body(image), StandardCharsets.US_ASCII))
        .startsWith(
            "{\"data\": [[[[-0.4242129623889923, 2.821486711502075, -0.004181224387139082, "
                + "0.008547008968889713, 0.72132807970047, 2.7451171875, -0.4242129623889923, ")
        .endsWith("-0.4242129623889923]]]]}");
  }

  @Test
  void body_anyImage_isAnArrayOfOneImage() throws Exception {
    byte[] body = ArticleJson.body(new byte[784]);
    JsonNode data = new ObjectMapper().readTree(body).path("data");
    assertThat(body.length).isBetween(15_000, 17_000);
    assertThat(data).hasSize(1);
    assertThat(data.get(0)).hasSize(1);
    assertThat(data.get(0).get(0)).hasSize(28).allSatisfy(row -> assertThat(row).hasSize(28));
    assertThat(StreamSupport.stream(data.get(0).get(0).get(27).spliterator(), false))
        .allMatch(JsonNode::isDouble);
  }

  @Test
  void python_wholeAndHalfNumbers_haveAPointAndNoMoreDigitsThanNeeded() {
    assertThat(ArticleJson.python(1)).isEqualTo("1.0");
    assertThat(ArticleJson.python(-0.5f)).isEqualTo("-0.5");
    assertThat(ArticleJson.python(100)).isEqualTo("100.0");
    assertThat(ArticleJson.python(0.002f)).isEqualTo("0.0020000000949949026");
  }
}
