// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnswerFormatTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "null",
      value = {
        "null | application/json | JSON",
        "'' | application/json | JSON",
        "null | text/csv | CSV",
        "*/* | text/csv | CSV",
        "application/json | text/csv | JSON",
        "*/* | */* | JSON",
        "text/json | */* | JSON",
        "application/json; charset=utf-8 | */* | JSON",
        "TEXT/CSV | */* | CSV",
        "text/* | */* | CSV",
        "application/* | */* | JSON",
        "application/* | application/x-npy | NPY",
        "application/* | text/csv | JSON",
        "application/x-npy | */* | NPY",
        "application/jsonlines | */* | JSON_LINES",
        "application/x-jsonlines | */* | JSON_LINES",
        "application/jsonl | */* | JSON_LINES",
        "application/x-ndjson | */* | JSON_LINES",
        "text/csv, application/json | */* | CSV",
        "application/json, text/plain, */* | text/csv | JSON",
        "text/csv;q=0.5, application/json;q=0.6 | */* | JSON",
        "text/csv;q=0.5, application/json;q=0.4 | */* | CSV",
        "application/json;q=0, */* | application/json | CSV",
        "*/*;q=0.1, application/x-npy;q=0.2 | */* | NPY",
        "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2 | */* | JSON",
        "text/html,application/xhtml+xml,*/*;q=0.8 | */* | JSON",
        "text/csv;q=2, application/json;q=0.1 | */* | JSON",
        ", ,text/csv | */* | CSV",
      })
  void choose_acceptHeader_givesFormat(
      @Nullable String accept, String byDefault, AnswerFormat expected) {
    assertThat(AnswerFormat.choose(accept, byDefault)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"text/html", "application/json;q=0", "*/*;q=0", "image/*", "json", "*", ","})
  void choose_nothingAcceptable_is406(String accept) {
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(() -> AnswerFormat.choose(accept, "application/json"))
        .withMessageStartingWith(
            "answers are application/json, text/csv, application/x-npy, application/jsonlines;")
        .extracting(RequestException::status)
        .isEqualTo(406);
  }

  @Test
  void choose_defaultThatIsNoAnswer_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> AnswerFormat.choose(null, "text/html"))
        .withMessageContaining("text/html");
  }
}
