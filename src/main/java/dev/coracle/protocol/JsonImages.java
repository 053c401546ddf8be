// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.Map;

/** Reads images from JSON in its usual forms: a bare array, or one under a known key. */
final class JsonImages {

  private static final Map<String, JsonLayout> LAYOUTS =
      Map.of(
          "instances", JsonLayout.PREDICTIONS,
          "features", JsonLayout.PREDICTIONS,
          "inputs", JsonLayout.OUTPUTS,
          "data", JsonLayout.DIGITS);

  private static final String KEYS = "\"instances\", \"inputs\", \"data\" or \"features\"";

  private final JsonInput input;
  private final NumberImages images;

  private JsonImages(JsonInput input, NumberImages images) {
    this.input = input;
    this.images = images;
  }

  /** Reads a whole body and returns the layout in which its sender expects the answer. */
  static JsonLayout read(byte[] body, NumberImages images) {
    return JsonInput.read(body, input -> new JsonImages(input, images).body());
  }

  /** Reads one image at the input's position: an array, or an object with one under a known key. */
  static void readOne(JsonInput input, NumberImages images) throws IOException {
    new JsonImages(input, images).one();
  }

  private JsonLayout body() throws IOException {
    if (input.token() == JsonToken.START_ARRAY) {
      array();
      return JsonLayout.PROBABILITIES;
    }
    String key =
        object(
            name -> {
              if (name.equals("instances")) {
                instances();
              } else {
                array();
              }
            });
    return LAYOUTS.getOrDefault(key, JsonLayout.PREDICTIONS);
  }

  private void array() throws IOException {
    images.shape().count(NumberArray.read(input, images));
  }

  private void instances() throws IOException {
    if (input.token() != JsonToken.START_ARRAY) {
      throw input.unexpected("an array of instances");
    }
    if (input.next() != JsonToken.START_OBJECT) {
      images.shape().count(NumberArray.readFrom(input, images));
      return;
    }
    while (input.token() != JsonToken.END_ARRAY) {
      if (input.token() != JsonToken.START_OBJECT) {
        throw input.unexpected("an object, as the first instance is");
      }
      one();
      input.next();
    }
  }

  private void one() throws IOException {
    if (input.token() == JsonToken.START_ARRAY) {
      single();
    } else {
      object(name -> single());
    }
  }

  private void single() throws IOException {
    String where = input.where();
    long count = images.shape().count(NumberArray.read(input, images));
    if (count != 1) {
      throw RequestException.badRequest(
          "expected one image at %s, got %d; send each by itself".formatted(where, count));
    }
  }

  private interface Images {
    void read(String key) throws IOException;
  }

  /** Reads an object that has exactly one of the known keys, which is returned. */
  private String object(Images images) throws IOException {
    if (input.token() != JsonToken.START_OBJECT) {
      throw input.unexpected("an array of numbers, or an object that holds one as " + KEYS);
    }
    String where = input.where();
    String found = null;
    for (String name = input.nextName(); name != null; name = input.nextName()) {
      if (LAYOUTS.containsKey(name) && found != null) {
        throw RequestException.badRequest(
            "expected only one of %s, got \"%s\" after \"%s\" at %s; send them one by one"
                .formatted(KEYS, name, found, input.where()));
      }
      input.next();
      if (LAYOUTS.containsKey(name)) {
        found = name;
        images.read(name);
      } else {
        input.skip();
      }
    }
    if (found == null) {
      throw RequestException.badRequest(
          "expected an object that holds images as %s, got one with none of these keys at %s"
              .formatted(KEYS, where));
    }
    return found;
  }
}
