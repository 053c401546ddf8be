// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.FloatBuffer;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that ONNX Runtime reads by their path, where it finds the same there. */
class ReadByPathTest {

  private final Path folder;

  ReadByPathTest(@TempDir Path folder) {
    this.folder = folder;
  }

  private static final int COLUMNS = 1 << 20;

  /** A model of 4 MB: y = x + w. */
  private Path large(String name) throws IOException {
    ModelBuilder model =
        new ModelBuilder().input("x", 1, COLUMNS).output("y").weights("w", COLUMNS);
    byte[] bytes = model.node("Add x w > y").model().toByteArray();
    return Files.write(Files.createDirectories(folder.resolve(name)).resolve("large.onnx"), bytes);
  }

  private static ModelOptions readByPath(boolean byPath) {
    return ModelOptions.builder().readByPath(byPath).build();
  }

  private static float[] sums(OnnxModel model) {
    FloatBuffer sums =
        Objects.requireNonNull(
                model.run(Map.of("x", Tensor.of(new float[COLUMNS], 1, COLUMNS))).get("y"))
            .floats();
    float[] some = new float[23];
    sums.get(some);
    return some;
  }

  /** On Windows a mapped file could not be moved. */
  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void open_readByPath_makesNoCopyInJava() throws IOException {
    Path file = large("folder");
    float[] expected = new float[0];
    for (boolean byPath : new boolean[] {false, true}) {
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long direct = directBytes();
      long before = threads.getCurrentThreadAllocatedBytes();
      try (OnnxModel model = OnnxModel.open(file, readByPath(byPath))) {
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(allocated > Files.size(file)).isEqualTo(!byPath);
        assertThat(directBytes()).isLessThan(direct + Files.size(file));
        float[] sums = sums(model);
        assertThat(sums).isEqualTo(byPath ? expected : sums);
        expected = sums;
      }
    }
    assertThat(expected).startsWith(-0.55f, -0.15f).endsWith(0.2f);
  }

  private static long directBytes() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }

  @Test
  void open_readByPath_laterChangesDoNotMatter() throws IOException {
    Path file = large("folder");
    try (OnnxModel model = OnnxModel.open(file, readByPath(true))) {
      float[] before = sums(model);
      Files.write(file, new byte[COLUMNS]); // in place, as a careless copy does it
      assertThat(sums(model)).isEqualTo(before);
      Files.delete(file);
      assertThat(sums(model)).isEqualTo(before);
    }
  }

  /** Where the locale is another, and beyond U+FFFF, ONNX Runtime would look for another file. */
  @ParameterizedTest
  @ValueSource(strings = {"\uD83D\uDE00", "mod\u00e8le", "a b"})
  void open_readByPathOfAnyCharacters_runs(String name) throws IOException {
    Path file = large(name);
    try (OnnxModel model = OnnxModel.open(file, readByPath(true))) {
      assertThat(sums(model)).startsWith(-0.55f);
    }
  }

  @Test
  void open_readByPathFromAZip_runs() throws IOException {
    Path file = large("folder");
    URI zip = URI.create("jar:" + folder.resolve("models.zip").toUri());
    try (FileSystem files = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      Path inside = Files.copy(file, files.getPath("large.onnx"));
      try (OnnxModel model = OnnxModel.open(inside, readByPath(true))) {
        assertThat(sums(model)).startsWith(-0.55f);
      }
    }
  }
}
