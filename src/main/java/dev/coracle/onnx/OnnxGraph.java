// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import dev.coracle.Version;
import java.util.List;
import java.util.Map;

/**
 * A finished graph.
 *
 * @param domains versions of the operators' domains besides ONNX's own
 * @param graph without initializers
 * @param initializers in the order of first use
 * @param traced the traced type and shape of arrays of the graph, by name
 */
record OnnxGraph(
    int opset,
    Map<String, Long> domains,
    GraphProto graph,
    List<Initializer> initializers,
    Map<String, Value> traced) {

  /**
   * Returns the model without its graph.
   *
   * @param metadata in the order of the file
   */
  ModelProto model(String docString, Map<String, String> metadata) {
    ModelProto.Builder model =
        ModelProto.newBuilder()
            .setIrVersion(irVersion(opset))
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(opset))
            .setProducerName("coracle")
            .setProducerVersion(Version.CORACLE)
            .setDocString(docString);
    domains.forEach(
        (domain, version) ->
            model.addOpsetImport(
                OperatorSetIdProto.newBuilder().setDomain(domain).setVersion(version)));
    metadata.forEach(
        (key, value) ->
            model.addMetadataProps(
                StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
    return model.build();
  }

  /** From onnx.helper.VERSION_TABLE of ONNX: the format's version at the opset's release. */
  static int irVersion(int opset) {
    return opset <= 14 ? 7 : opset <= 18 ? 8 : opset <= 20 ? 9 : 10;
  }
}
