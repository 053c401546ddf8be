// SPDX-License-Identifier: Apache-2.0
package dev.coracle.verify;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.coracle.inference.DType;
import dev.coracle.inference.ModelOptions;
import dev.coracle.inference.ModelOptions.OptimizationLevel;
import dev.coracle.inference.OnnxModel;
import dev.coracle.inference.Tensor;
import dev.coracle.onnx.FileRunner.OpenFile;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** An ONNX file that takes and gives DJL's arrays. */
record RunnableFile(OnnxModel model) implements OpenFile {

  /** DJL's and ONNX Runtime's names for the same type. */
  private static final Map<DataType, DType> TYPES =
      Map.of(
          DataType.FLOAT32, DType.FLOAT32,
          DataType.FLOAT64, DType.FLOAT64,
          DataType.FLOAT16, DType.FLOAT16,
          DataType.UINT8, DType.UINT8,
          DataType.INT8, DType.INT8,
          DataType.INT16, DType.INT16,
          DataType.INT32, DType.INT32,
          DataType.INT64, DType.INT64,
          DataType.BOOLEAN, DType.BOOL);

  static RunnableFile open(Path file, Set<String> domains, boolean large) {
    ModelOptions options =
        ModelOptions.builder()
            .intraOpThreads(0)
            .maxFileBytes(Long.MAX_VALUE) // it was just written
            .readByPath(true)
            .optimizationLevel(large ? OptimizationLevel.KEEPING_WEIGHTS : OptimizationLevel.ALL)
            .allowDomains(domains.toArray(String[]::new))
            .externalDataFolder(Objects.requireNonNull(file.toAbsolutePath().getParent()))
            .build();
    return new RunnableFile(OnnxModel.open(file, options));
  }

  @Override
  public Map<String, NDArray> run(Map<String, NDArray> inputs, NDManager manager) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    inputs.forEach((name, array) -> tensors.put(name, tensor(array)));
    Map<String, NDArray> outputs = new LinkedHashMap<>();
    model.run(tensors).forEach((name, tensor) -> outputs.put(name, array(tensor, manager)));
    return outputs;
  }

  @Override
  public void close() {
    model.close();
  }

  private static Tensor tensor(NDArray array) {
    DType type = TYPES.get(array.getDataType());
    if (type == null) {
      throw new IllegalArgumentException("ONNX Runtime takes no " + array.getDataType());
    }
    return Tensor.of(type, array.toByteBuffer(), array.getShape().getShape());
  }

  private static NDArray array(Tensor tensor, NDManager manager) {
    for (Map.Entry<DataType, DType> type : TYPES.entrySet()) {
      if (type.getValue() == tensor.dtype()) {
        return manager.create(tensor.bytes(), new Shape(tensor.shape()), type.getKey());
      }
    }
    throw new IllegalArgumentException("DJL has no " + tensor.dtype());
  }
}
