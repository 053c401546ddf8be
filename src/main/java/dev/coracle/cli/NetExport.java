// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import dev.coracle.AtomicFile;
import dev.coracle.CoracleException;
import dev.coracle.ModelMetadata;
import dev.coracle.Version;
import dev.coracle.net.Net;
import dev.coracle.onnx.ExportReport;
import dev.coracle.onnx.OnnxExporter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Exports a trained Net with the metadata that serving needs. */
final class NetExport {

  private NetExport() {}

  /**
   * Writes the file, or on failure leaves an existing one unchanged.
   *
   * @param testAccuracy 0 to 1
   * @param dataSha256 hash of the training images and labels
   * @param opset version of ONNX's operators
   * @param verify whether the exporter compares the file with the network, on random images
   * @param check final check before an earlier file is replaced
   */
  static ExportReport write(
      Block net,
      InputType inputType,
      int opset,
      boolean verify,
      double testAccuracy,
      String dataSha256,
      Path file,
      AtomicFile.Check check) {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put(
        ModelMetadata.LABELS,
        IntStream.range(0, Net.CLASSES)
            .mapToObj(String::valueOf)
            .collect(Collectors.joining("\n")));
    metadata.put(ModelMetadata.OUTPUT_KIND, ModelMetadata.LOG_PROBABILITIES);
    metadata.put(ModelMetadata.MEAN, Float.toString(Net.MEAN));
    metadata.put(ModelMetadata.STD, Float.toString(Net.STD));
    metadata.put(ModelMetadata.TEST_ACCURACY, Double.toString(testAccuracy));
    metadata.put(ModelMetadata.DATA_SHA256, dataSha256);
    metadata.put(
        ModelMetadata.VERSIONS,
        "coracle %s\ndjl %s\nlibtorch %s"
            .formatted(
                Version.CORACLE, Engine.getDjlVersion(), Engine.getEngine("PyTorch").getVersion()));
    OnnxExporter exporter =
        OnnxExporter.builder()
            .block(net)
            .output("output_0")
            .metadata(metadata)
            .opset(opset)
            .verify(verify);
    Shape shape = new Shape(1, 1, Net.SIZE, Net.SIZE);
    if (inputType == InputType.UINT8) {
      exporter.input("input_0", shape, DataType.UINT8).prepend(NetExport::normalise);
    } else {
      exporter.input("input_0", shape);
    }
    try {
      return exporter.export(file, check);
    } catch (IOException e) {
      throw new CoracleException(
          "cannot write %s: %s; an earlier file is as it was"
              .formatted(file, CoracleException.reason(e)),
          e);
    }
  }

  /** Normalises in the training loop's order of operations, so that the floats are the same. */
  private static NDList normalise(NDList pixels) {
    return new NDList(
        pixels
            .singletonOrThrow()
            .toType(DataType.FLOAT32, false)
            .div(255f)
            .sub(Net.MEAN)
            .div(Net.STD));
  }
}
