// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.GraphProto;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class OnnxModelTest {

  private static final ByteOrder OTHER_ORDER =
      ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN
          ? ByteOrder.BIG_ENDIAN
          : ByteOrder.LITTLE_ENDIAN;

  private final Path folder;

  OnnxModelTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void open_anyShape_tellsNamesTypesAndShapes() throws IOException {
    try (OnnxModel model = relu(3, 2)) {
      assertThat(model.input()).isEqualTo(new TensorSpec("x", DType.FLOAT32, List.of(-1L, 3L, 2L)));
      assertThat(model.input()).hasToString("x: float32 (?, 3, 2)");
      assertThat(model.output()).hasToString("y: float32 (?, 3, 2)");
      assertThat(model.metadata()).isEmpty();
    }
  }

  @Test
  void run_bufferOfAnyKind_readsFromPositionToLimit() throws IOException {
    float[] values = {9, -1, 2, -3, 9};
    FloatBuffer direct = directFloats(5, ByteOrder.nativeOrder()).put(values).flip();
    try (OnnxModel model = relu(3)) {
      for (FloatBuffer buffer : List.of(FloatBuffer.wrap(values), direct)) {
        buffer.position(1).limit(4);

        assertThat(model.run(buffer, 1, 3)).containsExactly(0, 2, 0);
        assertThat(model.run(buffer.asReadOnlyBuffer(), 1, 3)).containsExactly(0, 2, 0);
        assertThat(buffer).isEqualTo(FloatBuffer.wrap(new float[] {-1, 2, -3}));
      }
    }
  }

  @Test
  void run_directBufferInOtherByteOrder_isRefused() throws IOException {
    try (OnnxModel model = relu(3)) {
      assertThatThrownBy(() -> model.run(directFloats(3, OTHER_ORDER), 1, 3))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("native order");
    }
  }

  @Test
  void run_wrongShapeTypeOrLength_saysWhatFits() throws IOException {
    FloatBuffer six = FloatBuffer.allocate(6);
    try (OnnxModel model = relu(3)) {
      assertThatThrownBy(() -> model.run(six, 3, 2))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageEndingWith("expected x: float32 (?, 3), got float32 (3, 2)");
      assertThatThrownBy(() -> model.run(six, 6)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> model.run(six, -2, 3)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> model.run(six, 3, 3))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("float32 (3, 3) takes 9 elements, got 6");
      assertThatThrownBy(() -> model.run(ByteBuffer.allocate(3), 1, 3))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageEndingWith("got uint8 (1, 3)");
    }
  }

  @Test
  void run_afterClose_fails() throws IOException {
    OnnxModel model = relu(3);
    model.close();
    model.close();

    assertThatThrownBy(() -> model.run(FloatBuffer.allocate(3), 1, 3))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageEndingWith("is closed; open it again to run it");
  }

  /** A call's input and output take 512 KiB: kept, a thousand calls are half a gigabyte. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void run_manyTimes_residentMemoryStaysFlat() throws IOException {
    int size = 1 << 16;
    FloatBuffer data = directFloats(size, ByteOrder.nativeOrder());
    try (OnnxModel model = relu(size)) {
      assertFlat(1_000, () -> model.run(data, 1, size));
    }
  }

  /** A session holds 3 MiB of weights: kept, a hundred of them are 300 MiB. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void openAndClose_manyTimes_residentMemoryStaysFlat() throws IOException {
    Path file = TestModel.logits().withSize(28, 28, 1000).write(folder.resolve("wide.onnx"));
    assertFlat(100, () -> Classifier.open(file).close());
  }

  /**
   * Looks at the round that grew least: a leak grows in each, the Java heap of the tests before
   * this one in some.
   */
  private static void assertFlat(int times, Runnable work) throws IOException {
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 5; round++) {
      long before = residentKilobytes();
      for (int i = 0; i < times; i++) {
        work.run();
      }
      System.gc();
      least = Math.min(least, residentKilobytes() - before);
    }
    assertThat(least).as("growth in KiB").isLessThan(100_000);
  }

  private static long residentKilobytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new IOException("no VmRSS in /proc/self/status");
  }

  /** Opens a model that gives max(x, 0) for x of shape (batch, sizes…). */
  private OnnxModel relu(long... sizes) throws IOException {
    long[] shape = new long[sizes.length + 1];
    shape[0] = TensorSpec.DYNAMIC;
    System.arraycopy(sizes, 0, shape, 1, sizes.length);
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .setName("relu")
            .addInput(TestModel.tensor("x", TestModel.FLOAT, shape))
            .addNode(TestModel.node("Relu", "y", "x"))
            .addOutput(TestModel.tensor("y", TestModel.FLOAT, shape));
    byte[] bytes = TestModel.model(graph, Map.of());
    return OnnxModel.open(Files.write(folder.resolve("relu.onnx"), bytes));
  }

  private static FloatBuffer directFloats(int size, ByteOrder order) {
    return ByteBuffer.allocateDirect(size * Float.BYTES).order(order).asFloatBuffer();
  }
}
