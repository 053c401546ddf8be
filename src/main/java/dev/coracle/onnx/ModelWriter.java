// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes a model with only one initializer in memory at a time, where protobuf's own classes would
 * hold all of them twice.
 *
 * <p>How it works: in protobuf's wire format a message is the concatenation of its fields. So each
 * message that contains initializers is written as the fields before them in the order of
 * protobuf's classes, the initializers, and the fields after them.
 */
final class ModelWriter {

  private final ModelProto beforeGraph;
  private final ModelProto afterGraph;
  private final GraphProto beforeInitializers;
  private final GraphProto afterInitializers;
  private final List<Initializer> initializers;
  private final @Nullable DataFile data;
  private final List<byte[]> heads = new ArrayList<>();
  private final long graphSize;

  /**
   * @param model without its graph
   * @param data the file for the initializers that are stored elsewhere, or null
   */
  ModelWriter(ModelProto model, OnnxGraph graph, @Nullable DataFile data) {
    this.data = data;
    this.beforeGraph = model.toBuilder().clearOpsetImport().clearMetadataProps().build();
    this.afterGraph =
        ModelProto.newBuilder()
            .addAllOpsetImport(model.getOpsetImportList())
            .addAllMetadataProps(model.getMetadataPropsList())
            .build();
    this.beforeInitializers = graph.graph().toBuilder().clearInput().clearOutput().build();
    this.afterInitializers =
        GraphProto.newBuilder()
            .addAllInput(graph.graph().getInputList())
            .addAllOutput(graph.graph().getOutputList())
            .build();
    this.initializers = graph.initializers();
    long size =
        (long) beforeInitializers.getSerializedSize() + afterInitializers.getSerializedSize();
    for (Initializer initializer : initializers) {
      TensorProto.Builder head =
          TensorProto.newBuilder()
              .setName(initializer.name())
              .setDataType((int) OnnxTypes.elementType(initializer.type()))
              .addAllDims(initializer.dims());
      if (data != null && data.holds(initializer.name())) {
        head.addAllExternalData(data.location(initializer.name()))
            .setDataLocation(TensorProto.DataLocation.EXTERNAL);
      }
      heads.add(head.build().toByteArray());
      long tensor = tensorSize(heads.size() - 1);
      size += tagSize(GraphProto.INITIALIZER_FIELD_NUMBER) + lengthSize(tensor) + tensor;
    }
    this.graphSize = size;
  }

  /** Returns the size of the file in bytes, without external data. */
  long size() {
    return (long) beforeGraph.getSerializedSize()
        + afterGraph.getSerializedSize()
        + tagSize(ModelProto.GRAPH_FIELD_NUMBER)
        + lengthSize(graphSize)
        + graphSize;
  }

  /** Writes the file, which must be below 2 GiB to be a protobuf message. */
  void writeTo(OutputStream stream) throws IOException {
    CodedOutputStream out = CodedOutputStream.newInstance(stream);
    beforeGraph.writeTo(out);
    startMessage(out, ModelProto.GRAPH_FIELD_NUMBER, graphSize);
    beforeInitializers.writeTo(out);
    for (int i = 0; i < initializers.size(); i++) {
      startMessage(out, GraphProto.INITIALIZER_FIELD_NUMBER, tensorSize(i));
      out.writeRawBytes(heads.get(i));
      if (!isElsewhere(i)) {
        startMessage(out, TensorProto.RAW_DATA_FIELD_NUMBER, initializers.get(i).size());
        // A slice, since this writes up to the capacity, not the limit.
        out.writeRawBytes(initializers.get(i).bytes().slice());
      }
    }
    afterInitializers.writeTo(out);
    afterGraph.writeTo(out);
    out.flush();
  }

  private boolean isElsewhere(int index) {
    return data != null && data.holds(initializers.get(index).name());
  }

  private long tensorSize(int index) {
    if (isElsewhere(index)) {
      return heads.get(index).length;
    }
    long content = initializers.get(index).size();
    return heads.get(index).length
        + tagSize(TensorProto.RAW_DATA_FIELD_NUMBER)
        + lengthSize(content)
        + content;
  }

  /** Starts a field of bytes or of a message, which are the same in this format. */
  private static void startMessage(CodedOutputStream out, int field, long size) throws IOException {
    out.writeTag(field, WireFormat.WIRETYPE_LENGTH_DELIMITED);
    out.writeUInt64NoTag(size);
  }

  private static long tagSize(int field) {
    return CodedOutputStream.computeTagSize(field);
  }

  private static long lengthSize(long size) {
    return CodedOutputStream.computeUInt64SizeNoTag(size);
  }
}
