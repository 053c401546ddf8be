// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnxruntime.OrtException;
import dev.coracle.onnx.SampleBlocks.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every opset that can be chosen gives files that run and agree. */
class OpsetTest {

  private final Path folder;

  OpsetTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @ParameterizedTest
  @ValueSource(ints = {13, 14, 15, 16, 17, 18, 19, 20, 21})
  void export_opset_agreesWithDjlInTheLowestFormat(int opset) throws IOException, OrtException {
    // The release of ONNX that brought the opset, from its table of versions.
    Map<Integer, Long> formats =
        Map.of(13, 7L, 14, 7L, 15, 8L, 16, 8L, 17, 8L, 18, 8L, 19, 9L, 20, 9L, 21, 10L);
    Path file = folder.resolve("model.onnx");
    Engine.getInstance().setRandomSeed(opset);
    try (NDManager manager = NDManager.newBaseManager()) {
      for (Map.Entry<String, Sample> entry : SampleBlocks.all(manager).entrySet()) {
        Sample sample = entry.getValue();
        Exports.exporter(sample.block(), sample.shape()).opset(opset).export(file);
        ModelProto model = Exports.parse(file);
        assertThat(model.getOpsetImport(0).getVersion()).isEqualTo(opset);
        assertThat(model.getIrVersion()).isEqualTo(formats.get(opset));
        for (long batch : new long[] {1, 2, 7}) {
          Exports.assertAgrees(model.toByteArray(), sample.block(), sample.shape(), 1e-4, batch);
        }
      }
    }
  }

  @Test
  void opset_outOfRange_isRefused() {
    assertThatThrownBy(() -> OnnxExporter.builder().opset(12))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("opset 12; expected 13 to 21");
    assertThatThrownBy(() -> OnnxExporter.builder().opset(22))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
