// SPDX-License-Identifier: Apache-2.0
package dev.coracle.function;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.CoracleException;
import dev.coracle.function.ClassifyFunction.Call;
import dev.coracle.function.ClassifyFunction.Reply;
import dev.coracle.inference.Classifier;
import dev.coracle.inference.TestModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ClassifyFunctionTest {

  @TempDir private Path folder;

  static List<Vector> vectors() {
    return Vector.all();
  }

  private static Call call(Vector vector) {
    return new Call(
        vector.method(),
        vector.contentType(),
        vector.contentEncoding(),
        vector.probabilities(),
        vector.body());
  }

  private static String text(Reply reply) {
    return new String(reply.answer().body(), StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void answer_eachVector_isAsExpected(Vector vector) {
    try (Classifier model = Vector.model()) {
      Reply reply = new ClassifyFunction(() -> model).answer(call(vector));
      vector.check(reply.status(), reply.answer().contentType(), reply.answer().body());
    }
  }

  /** All are under way before the first may go on. */
  @Test
  void answer_thousandCallsAtOnce_areAllRight() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(1000);
    try (Classifier model = Vector.model()) {
      ClassifyFunction function = new ClassifyFunction(() -> model);
      List<Vector> vectors = Vector.all();
      CyclicBarrier together = new CyclicBarrier(1000);
      List<Future<?>> calls = new ArrayList<>();
      for (int i = 0; i < 1000; i++) {
        Vector vector = vectors.get(i % vectors.size());
        calls.add(
            threads.submit(
                () -> {
                  together.await();
                  Reply reply = function.answer(call(vector));
                  vector.check(reply.status(), reply.answer().contentType(), reply.answer().body());
                  return null;
                }));
      }
      for (Future<?> call : calls) {
        call.get();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void answer_noModel_isAClear500_andTheNextCallTriesAgain() throws IOException {
    Path file = folder.resolve("model.onnx");
    LazyModel model = new LazyModel(Map.of(LazyModel.VARIABLE, file.toString()), null);
    ClassifyFunction function = new ClassifyFunction(model::get);
    Vector vector = Vector.all().get(0);

    Reply none = function.answer(call(vector));
    assertThat(none.status()).isEqualTo(500);
    assertThat(text(none)).contains("no model that it can read").doesNotContain(folder.toString());

    Files.writeString(file, "no model");
    assertThat(function.answer(call(vector)).status()).isEqualTo(500);

    TestModel.mnist().write(file);
    assertThat(function.answer(call(vector)).status()).isEqualTo(200);
    model.get().close();
  }

  @Test
  void answer_get_needsNoModel() {
    ClassifyFunction function =
        new ClassifyFunction(
            () -> {
              throw new CoracleException("none");
            });
    assertThat(function.answer(new Call("GET", null, null, null, new byte[0])).status())
        .isEqualTo(200);
  }

  @Test
  void answer_gzipBody_isDecompressed() throws IOException {
    Vector vector = Vector.all().get(0);
    var bytes = new java.io.ByteArrayOutputStream();
    try (var gzip = new java.util.zip.GZIPOutputStream(bytes)) {
      gzip.write(vector.body());
    }
    try (Classifier model = Vector.model()) {
      Reply reply =
          new ClassifyFunction(() -> model)
              .answer(new Call("POST", vector.contentType(), "gzip", null, bytes.toByteArray()));
      vector.check(reply.status(), reply.answer().contentType(), reply.answer().body());
    }
  }

  @Test
  void lazyModel_besideTheJarOrAbove_isFound() throws IOException {
    Path jar = folder.resolve("lib/coracle.jar");
    Files.createDirectories(folder.resolve("lib"));
    TestModel.mnist().write(folder.resolve("model.onnx"));
    LazyModel above = new LazyModel(Map.of(), jar);
    Classifier model = above.get();
    assertThat(above.get()).isSameAs(model);
    model.close();
    TestModel.mnist().write(folder.resolve("lib/model.onnx"));
    Classifier beside = new LazyModel(Map.of(LazyModel.VARIABLE, ""), jar).get();
    beside.close();
  }
}
