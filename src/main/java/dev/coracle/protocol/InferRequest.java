// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import com.fasterxml.jackson.core.JsonToken;
import dev.coracle.inference.ModelCodec;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads a request for inference of the Open Inference Protocol. The members of an object may come
 * in any order, even data before their shape; unknown ones are skipped, and null stands for an
 * optional one that is absent.
 */
final class InferRequest {

  private final ModelCodec model;
  private final JsonInput input;
  private final NumberImages images;
  private @Nullable String id;

  private InferRequest(ModelCodec model, JsonInput input) {
    this.model = model;
    this.input = input;
    this.images = new NumberImages(model, Scale.ENCODED);
  }

  /** What a request consists of; the id is null where there is none. */
  record Content(@Nullable String id, List<?> images) {}

  static Content read(ModelCodec model, byte[] body) {
    return JsonInput.read(body, input -> new InferRequest(model, input).read());
  }

  private Content read() throws IOException {
    boolean inputs =
        object(
                "a request, an object with \"inputs\"",
                name -> {
                  switch (name) {
                    case "id" -> id = isNull() ? null : input.string("id");
                    case "inputs" -> inputs();
                    case "outputs" -> outputs();
                    default -> {
                      return false;
                    }
                  }
                  return true;
                })
            .contains("inputs");
    if (!inputs) {
      throw RequestException.badRequest(
          "expected \"inputs\" with the tensor %s, got a request without it"
              .formatted(model.input().name()));
    }
    return new Content(id, images.finish());
  }

  private void inputs() throws IOException {
    expect(JsonToken.START_ARRAY, "an array of one input tensor");
    input.next();
    new Tensor().read();
    if (input.next() != JsonToken.END_ARRAY) {
      throw input.unexpected("one input tensor only");
    }
  }

  private boolean isNull() {
    return input.token() == JsonToken.VALUE_NULL;
  }

  private void outputs() throws IOException {
    if (isNull()) {
      return;
    }
    expect(JsonToken.START_ARRAY, "an array of outputs");
    while (input.next() != JsonToken.END_ARRAY) {
      Set<String> members =
          object(
              "an output, an object with \"name\"",
              name -> {
                if (!name.equals("name")) {
                  return false;
                }
                named("output", model.output().name());
                return true;
              });
      require(members, "name", "output");
    }
  }

  private void named(String role, String expected) throws IOException {
    String name = input.string("name of the " + role);
    if (!name.equals(expected)) {
      throw RequestException.badRequest(
          "expected the %s %s, the only one of the model, got %s at %s"
              .formatted(role, expected, Quote.text(name), input.where()));
    }
  }

  private void expect(JsonToken token, String expected) throws IOException {
    if (input.token() != token) {
      throw input.unexpected(expected);
    }
  }

  private static void require(Set<String> members, String name, String of) {
    if (!members.contains(name)) {
      throw RequestException.badRequest(
          "expected \"%s\" in the %s, got an object without it".formatted(name, of));
    }
  }

  private interface Member {
    /** Reads the value at the input's position, or returns false to have it skipped. */
    boolean read(String name) throws IOException;
  }

  /** Reads an object and returns the members not skipped, each of which may occur once. */
  private Set<String> object(String expected, Member member) throws IOException {
    expect(JsonToken.START_OBJECT, expected);
    Set<String> read = new HashSet<>();
    for (String name = input.nextName(); name != null; name = input.nextName()) {
      if (read.contains(name)) {
        throw RequestException.badRequest(
            "expected \"%s\" once in an object, got it again at %s".formatted(name, input.where()));
      }
      input.next();
      if (member.read(name)) {
        read.add(name);
      } else {
        input.skip();
      }
    }
    return read;
  }

  /** The only input tensor. */
  private final class Tensor {

    private long[] shape = {};
    private long[] dataShape = {};

    void read() throws IOException {
      Set<String> members =
          object(
              "an input tensor, an object with \"name\", \"shape\", \"datatype\" and \"data\"",
              name -> {
                switch (name) {
                  case "name" -> named("input", model.input().name());
                  case "shape" -> shape = shape();
                  case "datatype" -> datatype();
                  case "data" -> dataShape = NumberArray.read(input, images);
                  default -> {
                    return false;
                  }
                }
                return true;
              });
      for (String name : List.of("name", "shape", "datatype", "data")) {
        require(members, name, "input tensor");
      }
      boolean fits = shape.length == ImageShape.MAX_RANK;
      for (int axis = 1; fits && axis < shape.length; axis++) {
        fits = shape[axis] == model.input().shape().get(axis);
      }
      if (!fits || shape[0] < 1) {
        throw RequestException.badRequest(
            "expected the shape (N, 1, %d, %d), got %s"
                .formatted(model.rows(), model.columns(), ImageShape.text(shape)));
      }
      long numbers = shape[0] * images.shape().pixels();
      boolean flat = dataShape.length == 1 && dataShape[0] == numbers;
      if (!flat && !Arrays.equals(dataShape, shape)) {
        throw RequestException.badRequest(
            "expected data of the shape %s or %d numbers, got %s"
                .formatted(ImageShape.text(shape), numbers, ImageShape.text(dataShape)));
      }
    }

    private void datatype() throws IOException {
      String expected = OpenInference.datatype(model.input());
      String found = input.string("datatype");
      if (!found.equals(expected)) {
        throw RequestException.badRequest(
            "expected the datatype %s, got %s at %s"
                .formatted(expected, Quote.text(found), input.where()));
      }
    }

    private long[] shape() throws IOException {
      expect(JsonToken.START_ARRAY, "an array of sizes as shape");
      long[] sizes = new long[ImageShape.MAX_RANK];
      int rank = 0;
      while (input.next() != JsonToken.END_ARRAY) {
        if (rank == sizes.length) {
          throw input.unexpected("at most 4 sizes as shape");
        }
        sizes[rank++] = input.size();
      }
      return Arrays.copyOf(sizes, rank);
    }
  }
}
