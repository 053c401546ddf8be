// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.coracle.CoracleException;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Runs an ONNX file that has one float32 or uint8 input and one float32 output. Thread-safe: calls
 * from many threads run side by side on one copy of the weights. Whoever opens a model closes it;
 * {@link #close} waits for the calls under way, so no native memory is freed under them.
 *
 * <p>A model is a program: open only files you trust.
 *
 * <h2>Together with DJL</h2>
 *
 * ONNX Runtime has one environment a process. The first model opened here makes it. DJL's {@code
 * OnnxRuntime} engine insists on making it too, and fails for the rest of the process where it
 * finds one: an {@code ExceptionInInitializerError}, "Tried to specify the thread pool when
 * creating an OrtEnvironment, but one already exists." An application that uses both calls {@code
 * Engine.getEngine("OnnxRuntime")} before it opens the first model here; this class then shares the
 * environment. DJL's other engines, PyTorch among them, are not concerned.
 */
public final class OnnxModel implements AutoCloseable {

  private final Path file;
  private final OrtEnvironment environment;
  private final OrtSession session;
  private final TensorSpec input;
  private final TensorSpec output;
  private final Map<String, String> metadata;

  /** Held for reading by each call, for writing by close. */
  private final ReadWriteLock lifecycle = new ReentrantReadWriteLock();

  private volatile boolean closed;

  private OnnxModel(Path file, OrtSession session, Map<String, String> metadata)
      throws OrtException {
    this.file = file;
    this.environment = Sessions.environment();
    this.session = session;
    this.input = onlyTensor(file, "input", session.getInputInfo());
    this.output = onlyTensor(file, "output", session.getOutputInfo());
    if (input.dtype() != DType.FLOAT32 && input.dtype() != DType.UINT8) {
      throw new CoracleException(
          file + ": expected a float32 or uint8 input, found " + input + "; export another model");
    }
    if (output.dtype() != DType.FLOAT32) {
      throw new CoracleException(
          file + ": expected a float32 output, found " + output + "; export another model");
    }
    this.metadata = metadata;
  }

  /** Opens a file with {@link ModelOptions#DEFAULTS}. */
  public static OnnxModel open(Path file) {
    return open(file, ModelOptions.DEFAULTS);
  }

  /**
   * Opens a file, which is read whole; later changes to it do not matter. See SECURITY.md for the
   * checks that it passes before ONNX Runtime sees it.
   *
   * @throws InvalidModelException if it is missing, no complete ONNX model, or none that the
   *     options allow
   * @throws CoracleException if it is unreadable, ONNX Runtime refuses it, or it has other inputs
   *     and outputs than this class runs
   */
  public static OnnxModel open(Path file, ModelOptions options) {
    ModelFile model = ModelFile.read(file, options);
    OrtSession session = Sessions.create(model, options);
    try {
      return new OnnxModel(file, session, model.metadata());
    } catch (OrtException e) {
      Sessions.closeAfter(e, session);
      throw new CoracleException(file + ": \"" + Sessions.reason(e) + "\"", e);
    } catch (RuntimeException | Error e) {
      Sessions.closeAfter(e, session);
      throw e;
    }
  }

  public Path file() {
    return file;
  }

  public TensorSpec input() {
    return input;
  }

  public TensorSpec output() {
    return output;
  }

  /** Returns the file's {@code metadata_props}; unmodifiable. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /**
   * Runs a model with a float32 input on the buffer's remaining elements, row-major, and returns
   * the output, row-major. The buffer's position stays; its content must not change during the
   * call. A direct buffer is read in place, so it must be in native byte order; others are copied.
   *
   * @throws IllegalArgumentException if type, shape or length do not fit the input
   * @throws IllegalStateException after {@link #close}
   * @throws CoracleException if the model fails on this input
   */
  public float[] run(FloatBuffer data, long... shape) {
    if (data.isDirect() && data.order() != ByteOrder.nativeOrder()) {
      throw new IllegalArgumentException(
          "a direct buffer must be in native order (" + ByteOrder.nativeOrder() + ")");
    }
    checkInput(DType.FLOAT32, data, shape);
    return run(() -> OnnxTensor.createTensor(environment, data.duplicate(), shape));
  }

  /**
   * Runs a model with a uint8 input on the buffer's remaining bytes, as {@link #run(FloatBuffer,
   * long...)} does for float32.
   */
  public float[] run(ByteBuffer data, long... shape) {
    checkInput(DType.UINT8, data, shape);
    return run(
        () -> OnnxTensor.createTensor(environment, data.duplicate(), shape, OnnxJavaType.UINT8));
  }

  void checkOpen() {
    if (closed) {
      throw new IllegalStateException(file + " is closed; open it again to run it");
    }
  }

  private float[] run(TensorSource source) {
    Lock running = lifecycle.readLock();
    running.lock();
    try {
      checkOpen();
      try (OnnxTensor tensor = source.create();
          OrtSession.Result result = session.run(Map.of(input.name(), tensor))) {
        FloatBuffer values = ((OnnxTensor) result.get(0)).getFloatBuffer();
        float[] copy = new float[values.remaining()];
        values.get(copy);
        return copy;
      }
    } catch (OrtException e) {
      throw new CoracleException(
          file + ": the model failed to run: \"" + Sessions.reason(e) + "\"", e);
    } finally {
      running.unlock();
    }
  }

  /** Waits for the calls under way and frees the native memory; a second call does nothing. */
  @Override
  public void close() {
    Lock closing = lifecycle.writeLock();
    closing.lock();
    try {
      if (!closed) {
        closed = true;
        session.close();
      }
    } catch (OrtException e) {
      throw new CoracleException(file + ": closing failed: \"" + Sessions.reason(e) + "\"", e);
    } finally {
      closing.unlock();
    }
  }

  private void checkInput(DType type, Buffer data, long[] shape) {
    TensorSpec given = new TensorSpec("", type, Arrays.stream(shape).boxed().toList());
    if (input.dtype() != type || !input.accepts(shape)) {
      throw new IllegalArgumentException(
          file + ": expected " + input + ", got " + given.typeAndShape());
    }
    long elements = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    if (data.remaining() != elements) {
      throw new IllegalArgumentException(
          given.typeAndShape() + " takes " + elements + " elements, got " + data.remaining());
    }
  }

  private static TensorSpec onlyTensor(Path file, String role, Map<String, NodeInfo> nodes) {
    if (nodes.size() == 1) {
      NodeInfo node = nodes.values().iterator().next();
      if (node.getInfo() instanceof TensorInfo info) {
        return new TensorSpec(
            node.getName(), DType.of(info.type), Arrays.stream(info.getShape()).boxed().toList());
      }
    }
    throw new CoracleException(
        file + ": expected exactly one " + role + ", a tensor, found " + nodes.keySet());
  }

  private interface TensorSource {
    OnnxTensor create() throws OrtException;
  }
}
