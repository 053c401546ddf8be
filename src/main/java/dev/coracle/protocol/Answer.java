// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import java.nio.charset.StandardCharsets;

/**
 * Holds the body of an answer and its Content-Type.
 *
 * @param body not copied
 */
@SuppressWarnings("ArrayRecordComponent") // created thousands of times a second, never compared
public record Answer(String contentType, byte[] body) {

  /** The answer to a GET on the route for {@link Query#classify}. */
  public static final Answer CLASSIFY_HINT =
      new Answer(
          "text/plain; charset=utf-8",
          """
          POST images here, such as {"data": [[[[...]]]]}, and get {"digits": [...]}.
          """
              .getBytes(StandardCharsets.UTF_8));

  /** Makes the answer to any failure, JSON {@code {"error": message}}. */
  public static Answer error(String message) {
    String wellFormed = Quote.wellFormed(message);
    return Json.answer(
        json -> {
          json.writeStartObject();
          json.writeStringField("error", wellFormed);
          json.writeEndObject();
        });
  }
}
