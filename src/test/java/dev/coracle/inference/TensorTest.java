// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class TensorTest {

  @Test
  void of_bufferOfAnyKind_copiesFromPositionToLimit() {
    float[] values = {9, -1, 2, -3, 9};
    for (ByteOrder order : List.of(ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN)) {
      FloatBuffer direct = ByteBuffer.allocateDirect(20).order(order).asFloatBuffer();
      direct.put(values).flip();
      for (FloatBuffer buffer :
          List.of(FloatBuffer.wrap(values), direct, direct.asReadOnlyBuffer())) {
        buffer.position(1).limit(4);
        Tensor tensor = Tensor.of(buffer, 1, 3);

        assertThat(tensor.floats()).isEqualTo(FloatBuffer.wrap(new float[] {-1, 2, -3}));
        assertThat(buffer.position()).isEqualTo(1);
        assertThat(buffer.limit()).isEqualTo(4);
      }
    }
  }

  @Test
  void of_eachBuffer_hasItsType() {
    Tensor doubles = Tensor.of(DoubleBuffer.wrap(new double[] {0.5, -7}), 2);
    assertThat(doubles.dtype()).isEqualTo(DType.FLOAT64);
    assertThat(doubles.doubles()).isEqualTo(DoubleBuffer.wrap(new double[] {0.5, -7}));
    Tensor ints = Tensor.of(IntBuffer.wrap(new int[] {1, -2}), 2, 1);
    assertThat(ints.dtype()).isEqualTo(DType.INT32);
    assertThat(ints.ints()).isEqualTo(IntBuffer.wrap(new int[] {1, -2}));
    Tensor longs = Tensor.of(LongBuffer.wrap(new long[] {1L << 40}));
    assertThat(longs.dtype()).isEqualTo(DType.INT64);
    assertThat(longs.longs()).isEqualTo(LongBuffer.wrap(new long[] {1L << 40}));
    assertThat(Tensor.of(new double[] {0.5, -7}, 2).bytes()).isEqualTo(doubles.bytes());
    assertThat(Tensor.of(new int[] {1, -2}, 2, 1).bytes()).isEqualTo(ints.bytes());
    assertThat(Tensor.of(new long[] {1L << 40}).bytes()).isEqualTo(longs.bytes());
    Tensor halves = Tensor.of(DType.FLOAT16, ByteBuffer.wrap(new byte[] {1, 2, 3, 4}), 2);
    assertThat(halves.shorts().remaining()).isEqualTo(2);
    assertThat(halves.bytes()).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2, 3, 4}));
  }

  @Test
  void of_wrongCount_saysBoth() {
    assertThatThrownBy(() -> Tensor.of(new float[6], 3, 3))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("float32 (3, 3) takes 9 values, got 6");
    assertThatThrownBy(() -> Tensor.of(DType.INT16, ByteBuffer.allocate(3), 2))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("int16 (2) takes 4 bytes, got 3");
  }

  @Test
  void allocate_impossibleShape_isRefusedBeforeAnyMemory() {
    assertThatThrownBy(() -> Tensor.allocate(DType.FLOAT32, 2, -1))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("a tensor's axes must be 0 or more, got [2, -1]");
    assertThatThrownBy(() -> Tensor.allocate(DType.FLOAT32, 1 << 16, 1 << 14))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("a tensor holds at most 2147483639 bytes; float32 (65536, 16384) is more");
    assertThatThrownBy(() -> Tensor.allocate(DType.INT8, Integer.MAX_VALUE - 7))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("at most 2147483639 bytes");
    assertThatThrownBy(() -> Tensor.allocate(DType.INT8, Long.MAX_VALUE, Long.MAX_VALUE))
        .isInstanceOf(InvalidInputException.class);
  }

  @Test
  void views_ofAnotherType_areRefused() {
    Tensor tensor = Tensor.allocate(DType.INT64, 2);
    assertThatThrownBy(tensor::floats)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("expected a tensor of float32, this is int64 (2)");
    assertThatThrownBy(tensor::shorts).isInstanceOf(IllegalStateException.class);
    assertThat(tensor.elements()).isEqualTo(2);
    assertThat(tensor.bytes().order()).isEqualTo(ByteOrder.nativeOrder());
  }
}
