// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import java.nio.charset.StandardCharsets;

/**
 * Holds the body of an answer and its Content-Type.
 *
 * @param body not copied
 */
@SuppressWarnings("ArrayRecordComponent") // one of thousands a second, never compared
public record Answer(String contentType, byte[] body) {

  /** What a GET of the route for {@link Query#classify} is answered with. */
  public static final Answer CLASSIFY_HINT =
      new Answer(
          "text/plain; charset=utf-8",
          """
          POST images here, such as {"data": [[[[...]]]]}, and get {"digits": [...]}.
          """
              .getBytes(StandardCharsets.UTF_8));

  /** Makes what every failure is answered with, JSON {@code {"error": message}}. */
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
