// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.coracle.CoracleException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Runs any ONNX file whose inputs are tensors of a {@link DType} and of known rank. Thread-safe:
 * calls from many threads run side by side on one copy of the weights. Whoever opens a model closes
 * it; calls under way then finish, and the last of them frees the native memory.
 *
 * <pre>{@code
 * try (OnnxModel model = OnnxModel.open(Path.of("mnist.onnx"))) {
 *   Tensor x = Tensor.of(pixels, 1, 1, 28, 28);
 *   FloatBuffer scores = model.run(Map.of("input_0", x)).get("output_0").floats();
 * }
 * }</pre>
 *
 * <p>A model is a program. A file's content is checked before ONNX Runtime sees it (see {@link
 * ModelOptions}), but a model may still use up all time and memory: open untrusted files only where
 * that does no harm.
 *
 * <h2>Together with DJL</h2>
 *
 * ONNX Runtime has one environment per process. The first model opened here creates it. DJL's
 * {@code OnnxRuntime} engine insists on creating it too, and fails for the rest of the process
 * where one exists: an {@code ExceptionInInitializerError}, "Tried to specify the thread pool when
 * creating an OrtEnvironment, but one already exists." An application that uses both calls {@code
 * Engine.getEngine("OnnxRuntime")} before it opens the first model here, which the constructor of
 * {@code dev.coracle.djl.ClassifierTranslator} does; this class then shares the environment. DJL's
 * other engines, such as PyTorch, are not affected.
 */
public final class OnnxModel implements AutoCloseable {

  private final Path file;
  private final boolean needsElements;
  private final OrtEnvironment environment;
  private final OrtSession session;
  private final List<TensorSpec> inputs;
  private final List<TensorSpec> outputs;
  private final Set<String> inputNames;
  private final Set<String> outputNames;
  private final Map<String, String> metadata;
  private final References references = new References(this::free);

  private OnnxModel(ModelFile model, OrtSession session) throws OrtException {
    this.file = model.file();
    this.needsElements = model.needsElements();
    this.environment = Environment.get();
    this.session = session;
    this.metadata = model.metadata();
    this.inputs = tensors(session.getInputInfo().values());
    this.outputs = tensors(session.getOutputInfo().values());
    this.inputNames = names(inputs);
    this.outputNames = names(outputs);
    if (inputs.size() < session.getNumInputs() || outputs.isEmpty()) {
      throw new InvalidModelException(
          "%s: expected inputs, and at least one output, that are tensors of %s; found %s -> %s"
              .formatted(
                  file,
                  Arrays.toString(DType.values()),
                  Quote.plain(session.getInputInfo().values().toString()),
                  Quote.plain(session.getOutputInfo().values().toString())));
    }
  }

  /** Opens a file with {@link ModelOptions#DEFAULTS}. */
  public static OnnxModel open(Path file) {
    return open(file, ModelOptions.DEFAULTS);
  }

  /**
   * Opens a file, which is read completely; later changes to it have no effect. See SECURITY.md for
   * the checks made before ONNX Runtime sees it, and {@link ModelOptions.Builder#readByPath} for
   * large files.
   *
   * @throws InvalidModelException if the file is missing, damaged, not an ONNX model, refused by
   *     the options, or has inputs of other types or of unknown rank
   * @throws CoracleException if the file is unreadable, or ONNX Runtime does not start
   */
  public static OnnxModel open(Path file, ModelOptions options) {
    return open(ModelFile.read(file, options), options);
  }

  static OnnxModel open(ModelFile model, ModelOptions options) {
    OrtSession session = Sessions.create(model, options);
    try {
      return new OnnxModel(model, session);
    } catch (OrtException e) {
      Sessions.closeAfter(e, session);
      throw new CoracleException(model.file() + ": \"" + Sessions.reason(e) + "\"", e);
    } catch (RuntimeException | Error e) {
      Sessions.closeAfter(e, session);
      throw e;
    }
  }

  public Path file() {
    return file;
  }

  /** Returns the inputs that each call must give, in the file's order; unmodifiable. */
  public List<TensorSpec> inputs() {
    return inputs;
  }

  /**
   * Returns the outputs of a call, in the file's order; unmodifiable. Outputs of other kinds, such
   * as text and maps, are left out. An output whose rank the file does not state is described like
   * a scalar, but may have any rank.
   */
  public List<TensorSpec> outputs() {
    return outputs;
  }

  /** Returns the file's {@code metadata_props}; unmodifiable. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /**
   * Runs the model on a tensor for each input, by name, and returns a new tensor for each output,
   * in the file's order.
   *
   * @throws InvalidInputException if a name is missing or unknown, or a type or shape does not fit
   * @throws IllegalStateException after {@link #close}
   * @throws CoracleException if the model fails on this input
   */
  public Map<String, Tensor> run(Map<String, Tensor> values) {
    begin();
    try {
      return compute(values);
    } finally {
      references.release();
    }
  }

  private Map<String, Tensor> compute(Map<String, Tensor> values) {
    checkNames("inputs", inputNames, values, true);
    Map<String, OnnxTensor> in = new LinkedHashMap<>();
    try {
      addAll(in, inputs, values);
      try (OrtSession.Result result = session.run(in, outputNames)) {
        Map<String, Tensor> answer = new LinkedHashMap<>();
        for (Map.Entry<String, OnnxValue> entry : result) {
          if (!(entry.getValue() instanceof OnnxTensor tensor)) {
            throw new CoracleException(
                "%s: expected a dense tensor in output %s, got a sparse one; export the model again"
                    .formatted(file, Quote.plain(entry.getKey())));
          }
          answer.put(entry.getKey(), copy(entry.getKey(), tensor));
        }
        return Collections.unmodifiableMap(answer);
      }
    } catch (OrtException e) {
      throw failed(e);
    } finally {
      in.values().forEach(OnnxTensor::close);
    }
  }

  /**
   * Does what {@link #run} does, on one of Coracle's threads, of which there are as many as
   * processors. The values must not change until the future is done. Every failure is reported
   * through the future; if that is cancelled before its turn, the model is not run.
   */
  public CompletableFuture<Map<String, Tensor>> runAsync(Map<String, Tensor> values) {
    if (!references.acquire()) {
      return CompletableFuture.failedFuture(closed());
    }
    return Workers.submit(() -> compute(values), references::release);
  }

  /**
   * Prepares repeated calls on the same tensors, by name: one for each input and for each output
   * that is wanted. The caller closes the binding, before or after the model.
   *
   * @throws InvalidInputException if a name is missing or unknown, if a type or shape does not fit,
   *     if an output's tensor is bound twice, or if an output is also an input
   * @throws IllegalStateException after {@link #close}
   */
  public Binding bind(Map<String, Tensor> values, Map<String, Tensor> answers) {
    checkNames("inputs", inputNames, values, true);
    checkNames("outputs", outputNames, answers, false);
    List<Tensor> all = new ArrayList<>(values.values());
    for (Map.Entry<String, Tensor> answer : answers.entrySet()) {
      if (inputNames.contains(answer.getKey())) { // ONNX Runtime would leave the tensor as it is
        throw new InvalidInputException(
            "%s: output %s is an input as well; read it there"
                .formatted(file, Quote.plain(answer.getKey())));
      }
      if (all.contains(answer.getValue())) {
        throw new InvalidInputException(
            file
                + ": the tensor of output "
                + Quote.plain(answer.getKey())
                + " is bound twice; allocate another");
      }
      all.add(answer.getValue());
    }
    begin();
    Map<String, OnnxTensor> in = new LinkedHashMap<>();
    Map<String, OnnxTensor> out = new LinkedHashMap<>();
    try {
      addAll(in, inputs, values);
      addAll(out, outputs, answers);
      return new Binding(this, in, out, booleans(values));
    } catch (OrtException e) {
      in.values().forEach(OnnxTensor::close);
      out.values().forEach(OnnxTensor::close);
      throw failed(e);
    } catch (RuntimeException | Error e) {
      in.values().forEach(OnnxTensor::close);
      out.values().forEach(OnnxTensor::close);
      throw e;
    } finally {
      references.release();
    }
  }

  private Map<TensorSpec, Tensor> booleans(Map<String, Tensor> values) {
    Map<TensorSpec, Tensor> booleans = new LinkedHashMap<>();
    for (TensorSpec spec : inputs) {
      if (spec.dtype() == DType.BOOL) {
        booleans.put(spec, Objects.requireNonNull(values.get(spec.name())));
      }
    }
    return booleans;
  }

  /** Runs the model on tensors that a {@link Binding} holds. */
  void run(Map<String, OnnxTensor> in, Map<String, OnnxTensor> out) {
    begin();
    try {
      session.run(in, Set.of(), out).close(); // the tensors are not the result's to close
    } catch (OrtException e) {
      throw failed(e);
    } finally {
      references.release();
    }
  }

  /** Lets the calls under way finish and refuses others; a second call does nothing. */
  @Override
  public void close() {
    references.close();
  }

  private void begin() {
    if (!references.acquire()) {
      throw closed();
    }
  }

  private IllegalStateException closed() {
    return new IllegalStateException(file + " is closed; open it again to run it");
  }

  private CoracleException failed(OrtException e) {
    return new CoracleException(
        file + ": the model failed to run: \"" + Sessions.reason(e) + "\"", e);
  }

  private void free() {
    try {
      session.close();
    } catch (OrtException e) {
      throw new CoracleException(file + ": closing failed: \"" + Sessions.reason(e) + "\"", e);
    }
  }

  private void addAll(
      Map<String, OnnxTensor> target, List<TensorSpec> specs, Map<String, Tensor> values)
      throws OrtException {
    for (TensorSpec spec : specs) {
      if (!values.containsKey(spec.name())) {
        continue; // an output that is not wanted
      }
      @Nullable Tensor value = values.get(spec.name());
      if (value == null
          || value.dtype() != spec.dtype()
          || !(spec.accepts(value.shape()) || hasAnyRank(spec, specs))) {
        throw new InvalidInputException(file + ": expected " + spec + ", got " + value);
      }
      if (needsElements && value.bytes().capacity() == 0) {
        throw new InvalidInputException(
            file + ": expected elements, as the model has TopK, LSTM or GRU, got " + value);
      }
      checkBooleans(spec, value);
      target.put(
          spec.name(),
          OnnxTensor.createTensor(
              environment, value.bytes(), value.shape(), value.dtype().javaType()));
    }
  }

  /** Tells whether this is an output of possibly unknown rank, whose tensor ONNX Runtime checks. */
  private boolean hasAnyRank(TensorSpec spec, List<TensorSpec> specs) {
    return spec.shape().isEmpty() && specs.equals(outputs);
  }

  /**
   * Checks booleans: ONNX Runtime counts with the bytes, and for values other than 0 and 1 returns
   * more than there is.
   */
  void checkBooleans(TensorSpec spec, Tensor value) {
    if (spec.dtype() != DType.BOOL) {
      return;
    }
    ByteBuffer bytes = value.bytes();
    for (int i = bytes.position(); i < bytes.limit(); i++) {
      if ((bytes.get(i) & ~1) != 0) {
        throw new InvalidInputException(
            "%s: expected bytes of 0 or 1 in %s, got %d at %d"
                .formatted(file, spec, bytes.get(i), i - bytes.position()));
      }
    }
  }

  private void checkNames(
      String what, Set<String> known, @Nullable Map<String, Tensor> given, boolean all) {
    Set<String> names = given == null ? Set.of() : given.keySet();
    if (!known.containsAll(names) || (all ? names.size() < known.size() : names.isEmpty())) {
      throw new InvalidInputException(
          "%s: expected %s %s%s, got %s"
              .formatted(
                  file,
                  what,
                  Quote.plain(known.toString()),
                  all ? "" : " or some",
                  given == null ? null : Quote.plain(names.toString())));
    }
  }

  private Tensor copy(String name, OnnxTensor value) {
    DType dtype = DType.of(value.getInfo().onnxType);
    if (dtype == null) {
      throw new IllegalStateException("an output has become " + value.getInfo());
    }
    double bytesInAll = dtype.bytes();
    for (long size : value.getInfo().getShape()) {
      bytesInAll *= size;
    }
    if (bytesInAll > Tensor.MAX_BYTES) { // which Java's buffers cannot hold
      throw new CoracleException(
          "%1$s: expected at most %4$d bytes in output %2$s, got %3$.0f; run fewer rows at a time"
              .formatted(file, Quote.plain(name), bytesInAll, Tensor.MAX_BYTES));
    }
    ByteBuffer bytes = value.getByteBuffer();
    return Tensor.of(dtype, bytes, value.getInfo().getShape());
  }

  private static Set<String> names(List<TensorSpec> specs) {
    Set<String> names = new LinkedHashSet<>();
    specs.forEach(spec -> names.add(spec.name()));
    return names;
  }

  /** Leaves out whatever is not a tensor of a {@link DType}. */
  private static List<TensorSpec> tensors(Collection<NodeInfo> nodes) {
    List<TensorSpec> specs = new ArrayList<>();
    for (NodeInfo node : nodes) {
      if (node.getInfo() instanceof TensorInfo info) {
        @Nullable DType dtype = DType.of(info.onnxType);
        if (dtype != null) {
          specs.add(
              new TensorSpec(
                  node.getName(), dtype, Arrays.stream(info.getShape()).boxed().toList()));
        }
      }
    }
    return List.copyOf(specs);
  }
}
