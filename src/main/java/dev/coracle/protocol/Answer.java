// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

/**
 * Holds the body of an answer and its Content-Type.
 *
 * @param body not copied
 */
@SuppressWarnings("ArrayRecordComponent") // one of thousands a second, never compared
public record Answer(String contentType, byte[] body) {

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
