// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.coracle.inference.DType;
import dev.coracle.inference.ModelCodec;
import dev.coracle.inference.TensorSpec;
import java.io.IOException;

/** Describes a model to clients of the Open Inference Protocol, version 2 (KServe, Triton). */
public final class OpenInference {

  private OpenInference() {}

  /** Makes the answer to a request for a model's metadata. */
  public static Answer metadata(ModelCodec model, String name, String version) {
    return Json.answer(
        json -> {
          json.writeStartObject();
          json.writeStringField("name", name);
          json.writeArrayFieldStart("versions");
          json.writeString(version);
          json.writeEndArray();
          json.writeStringField("platform", "onnx_onnxv1");
          json.writeArrayFieldStart("inputs");
          describe(json, model.input());
          json.writeEndArray();
          json.writeArrayFieldStart("outputs");
          describe(json, model.output());
          json.writeEndArray();
          json.writeEndObject();
        });
  }

  private static void describe(JsonGenerator json, TensorSpec tensor) throws IOException {
    json.writeStartObject();
    json.writeStringField("name", tensor.name());
    json.writeStringField("datatype", datatype(tensor));
    json.writeArrayFieldStart("shape");
    for (long size : tensor.shape()) {
      json.writeNumber(size); // -1 where the file leaves it open, in both notations
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  /** Returns the protocol's name of an element type that a classifier has. */
  static String datatype(TensorSpec tensor) {
    return tensor.dtype() == DType.UINT8 ? "UINT8" : "FP32";
  }
}
