// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {

  @Test
  void read_writtenByDjl_sameNamesShapesAndValues() throws IOException {
    byte[] content;
    try (NDManager manager = Devices.engine().newBaseManager(Device.cpu());
        NDArray matrix =
            manager.create(new float[] {1, -2, 0.5f, Float.MIN_VALUE, 1e30f, 0}, new Shape(2, 3));
        NDArray scalar = manager.create(7f)) {
      matrix.setName("matrix");
      scalar.setName("scalar");
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      new NDList(matrix, scalar).encode(out, NDList.Encoding.SAFETENSORS);
      content = out.toByteArray();
    }

    Map<String, Safetensors.Tensor> tensors = Safetensors.read(content);

    assertThat(tensors).containsOnlyKeys("matrix", "scalar");
    Safetensors.Tensor matrix = Objects.requireNonNull(tensors.get("matrix"));
    float[] values = new float[6];
    matrix.values().get(values);
    assertThat(matrix.shape()).isEqualTo(new Shape(2, 3));
    assertThat(values).containsExactly(1, -2, 0.5f, Float.MIN_VALUE, 1e30f, 0);
    assertThat(Objects.requireNonNull(tensors.get("scalar")).shape()).isEqualTo(new Shape());
  }

  @Test
  void read_metadataAndUnknownFields_skipped() {
    byte[] content =
        content(
            "{\"__metadata__\":{\"a\":{}},\"x\":{\"new\":[{}],\"dtype\":\"F32\",\"shape\":[2],"
                + "\"data_offsets\":[0,8]}}",
            8);
    assertThat(Safetensors.read(content)).containsOnlyKeys("x");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "null",
        "{",
        "{\"x\":1}",
        "{\"x\":{}}",
        "{\"x\":{\"dtype\":null,\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"x\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}",
        "{\"x\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[[2]],\"data_offsets\":[0,8]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[-1,-2],\"data_offsets\":[0,8]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9223372036854775807]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,99999999999999999999]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
            + "\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
      })
  void read_unfitHeader_illegalArgument(String header) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Safetensors.read(content(header, 8)))
        .withMessageStartingWith("safetensors header");
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 9, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 32})
  void read_headerLongerThanContent_illegalArgument(long length) {
    byte[] content = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array();
    assertThatIllegalArgumentException().isThrownBy(() -> Safetensors.read(content));
  }

  @Test
  void read_everyTruncation_illegalArgument() {
    byte[] whole = content("{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8);
    for (int length = 0; length < whole.length; length++) {
      byte[] part = Arrays.copyOf(whole, length);
      assertThatIllegalArgumentException().isThrownBy(() -> Safetensors.read(part));
    }
  }

  @Test
  void read_mutatedHeaders_readOrIllegalArgument() {
    byte[] whole =
        content(
            "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                + "\"y\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[8,16]}}",
            16);
    Random random = new Random(3);
    int refused = 0;
    for (int i = 0; i < 50_000; i++) {
      byte[] mutant = whole.clone();
      for (int k = random.nextInt(3); k >= 0; k--) {
        int at = random.nextInt(mutant.length - 16);
        mutant[at] = random.nextBoolean() ? (byte) random.nextInt() : whole[random.nextInt(130)];
      }
      try {
        for (Safetensors.Tensor tensor : Safetensors.read(mutant).values()) {
          assertThat((long) tensor.values().remaining()).isEqualTo(tensor.shape().size());
        }
      } catch (IllegalArgumentException e) {
        refused++;
      }
    }
    assertThat(refused).isBetween(25_000, 49_999);
  }

  private static byte[] content(String header, int dataBytes) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + json.length + dataBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(json.length)
        .put(json)
        .array();
  }
}
