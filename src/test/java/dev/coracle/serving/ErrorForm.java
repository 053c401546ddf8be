// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/** Checks that a refusal has the one form of all errors and tells nothing of what is inside. */
final class ErrorForm {

  private ErrorForm() {}

  static void check(RawClient.Reply reply) throws IOException {
    String what = reply.toString();
    assertThat(reply.status())
        .as(what)
        .matches(s -> s < 500 || s == 501 || s == 503, "4xx, 501 or 503");
    assertThat(reply.header("Content-Type")).as(what).isEqualTo("application/json");
    assertThat(reply.header("Server")).as(what).isNull();
    String message;
    try (JsonParser json = new JsonFactory().createParser(reply.body())) {
      assertThat(json.nextToken()).as(what).isEqualTo(JsonToken.START_OBJECT);
      assertThat(json.nextFieldName()).as(what).isEqualTo("error");
      message = json.nextTextValue();
      assertThat(json.nextToken()).as(what).isEqualTo(JsonToken.END_OBJECT);
      assertThat(json.nextToken()).as(what).isNull();
    }
    assertThat(message)
        .hasSizeBetween(10, 400)
        .doesNotContainPattern("[\\x00-\\x1f\\x7f]")
        .doesNotContainPattern(
            "(?i)jetty|eclipse|jackson|[a-z]\\.[a-z]+\\.[A-Z]|Exception|\\bat [a-z]+\\.");
    if (reply.status() == 503) {
      assertThat(reply.header("Retry-After")).as(what).isEqualTo("1");
    }
  }
}
