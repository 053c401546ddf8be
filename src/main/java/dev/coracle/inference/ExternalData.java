// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.coracle.CoracleException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The values of those of a model's initializers that are in other files, read here and handed to
 * ONNX Runtime as memory, so that it opens no file itself and cannot be led to a wrong one.
 */
final class ExternalData {

  /** An initializer's values, in a direct buffer from position 0. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Values(OnnxJavaType type, long[] dims, ByteBuffer data) {}

  private final Map<String, Values> initializers = new HashMap<>();
  private long bytesLeft;

  private ExternalData(long bytesLeft) {
    this.bytesLeft = bytesLeft;
  }

  /** Reads the external data of a graph that {@link ModelRules} has checked. */
  static ExternalData read(Message graph, ModelOptions options, long fileBytes) {
    ExternalData data = new ExternalData(options.maxFileBytes() - fileBytes);
    Path folder = options.externalDataFolder();
    if (folder == null) {
      return data;
    }
    List<Message> initializers = graph.messages("initializer");
    for (int i = 0; i < initializers.size(); i++) {
      Message tensor = initializers.get(i);
      if (TensorRules.isExternal(tensor)) {
        String name = tensor.text("name");
        String place = "graph, initializer %d (%s)".formatted(i, Quote.text(name));
        if (data.initializers.put(name, data.values(tensor, folder, place)) != null) {
          throw new InvalidModelException(place + ": expected each name once, found it twice");
        }
      }
    }
    return data;
  }

  private Values values(Message tensor, Path folder, String place) {
    ElementType type = TensorRules.type(tensor, place);
    DType dtype = type.dtype();
    if (dtype == null) {
      throw new InvalidModelException(
          "%s: expected external data of a type that Java hands to ONNX Runtime, found %s; save the model with its weights inside"
              .formatted(place, type));
    }
    long[] dims = TensorRules.dims(tensor, place);
    long length = type.bytes(TensorRules.elements(dims, place));
    ExternalLocation location = ExternalLocation.of(tensor, length, place);
    if (length > bytesLeft || length > Integer.MAX_VALUE - 8) {
      throw new InvalidModelException(
          "%s: expected a model of at most ModelOptions.maxFileBytes with its external data, and 2 GiB for one tensor, found %d bytes more where %d are left"
              .formatted(place, length, bytesLeft));
    }
    bytesLeft -= length;
    ByteBuffer data = ByteBuffer.allocateDirect((int) length).order(ByteOrder.nativeOrder());
    if (length > 0) {
      fill(data, location, folder, place);
    }
    if (dtype == DType.BOOL) {
      TensorRules.booleans(data, place);
    }
    return new Values(javaType(dtype), dims, data);
  }

  private static void fill(ByteBuffer data, ExternalLocation location, Path folder, String place) {
    try {
      Path file = location.resolve(folder, place);
      List<Object> before = location.identities(folder, place);
      try (SeekableByteChannel channel =
          Files.newByteChannel(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
        // Detects files swapped during the open, unless the swap has already been undone.
        if (!before.equals(location.identities(folder, place))) {
          throw new InvalidModelException(
              "%s: the file %s changed while it was opened".formatted(place, location.quoted()));
        }
        channel.position(location.offset());
        while (data.hasRemaining()) {
          if (channel.read(data) < 0) {
            throw new InvalidModelException(
                "%s: expected %d bytes from byte %d of %s, but it has %d; check that it was copied to its end"
                    .formatted(
                        place,
                        data.capacity(),
                        location.offset(),
                        location.quoted(),
                        channel.size()));
          }
        }
      }
    } catch (IOException e) {
      throw new InvalidModelException(
          "%s: the external data file %s cannot be read: %s"
              .formatted(place, location.quoted(), CoracleException.reason(e)),
          e);
    }
    data.flip();
  }

  private static OnnxJavaType javaType(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> OnnxJavaType.FLOAT;
      case FLOAT64 -> OnnxJavaType.DOUBLE;
      default -> OnnxJavaType.valueOf(dtype.name());
    };
  }

  /**
   * Adds the values to the options of a session. ONNX Runtime copies them while it creates the
   * session; the caller closes the result after that.
   */
  Tensors addTo(OrtSession.SessionOptions options, OrtEnvironment environment) throws OrtException {
    Map<String, OnnxTensorLike> tensors = new HashMap<>();
    Tensors result = new Tensors(tensors);
    try {
      for (Map.Entry<String, Values> entry : initializers.entrySet()) {
        Values values = entry.getValue();
        tensors.put(
            entry.getKey(),
            OnnxTensor.createTensor(
                environment,
                values.data().duplicate().order(ByteOrder.nativeOrder()),
                values.dims(),
                values.type()));
      }
      if (!tensors.isEmpty()) {
        options.addExternalInitializers(tensors);
      }
    } catch (OrtException | RuntimeException e) {
      result.close();
      throw e;
    }
    return result;
  }

  /** ONNX Runtime's handles of the values, to be closed once the session exists. */
  record Tensors(Map<String, OnnxTensorLike> tensors) implements AutoCloseable {
    @Override
    public void close() {
      tensors.values().forEach(OnnxTensorLike::close);
      tensors.clear();
    }
  }
}
