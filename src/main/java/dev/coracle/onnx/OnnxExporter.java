// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import dev.coracle.AtomicFile;
import dev.coracle.NativeHeap;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Writes a DJL block as an ONNX file.
 *
 * <pre>{@code
 * OnnxExporter.builder()
 *     .block(block)
 *     .input("input_0", new Shape(1, 1, 28, 28))   // axis 0 becomes batch_size
 *     .output("output_0")
 *     .export(Path.of("model.onnx"));
 * }</pre>
 *
 * <p>How it works: {@link Tracer} runs the block at several sizes of its dynamic axes and records
 * the array calls; {@link SymbolicTrace} finds which parts of them depend on these sizes; {@link
 * Translators} writes each call as ONNX nodes. The block is run in inference mode, so dropout
 * disappears. After an error nothing has been written, and an existing file is unchanged.
 *
 * <p>Behaviour of a block that shows only at sizes that are not traced ({@code if (n > 128)})
 * cannot be detected: the verification tries some more sizes, but compare file and block at those
 * that matter.
 *
 * <p>Initializers bear the names of the block's parameters ({@code block.getParameters()}). The
 * same block and parameters give the same bytes. Not thread-safe.
 */
public final class OnnxExporter {

  /** Default version of ONNX's operators, with IR version 8; ONNX Runtime 1.12 reads it. */
  public static final int OPSET = 17;

  /** Oldest version of the operators that can be chosen. */
  public static final int MIN_OPSET = 13;

  /** Newest version of the operators that can be chosen. */
  public static final int MAX_OPSET = 21;

  private @Nullable Block block;
  private final Inputs inputs = new Inputs();
  private final List<String> outputs = new ArrayList<>();
  private final Map<String, String> metadata = new TreeMap<>();
  private final Map<String, long[]> sizes = new HashMap<>();
  private final Map<String, OpTranslator> translators = new HashMap<>();
  private UnaryOperator<NDList> prepended = UnaryOperator.identity();
  private UnaryOperator<NDList> appended = UnaryOperator.identity();
  private boolean foldBatchNorm;
  private @Nullable Boolean externalData;
  private long inlineLimit = ModelFiles.MAX_BYTES;
  private final OnnxVerifier verifier = OnnxVerifier.builder();
  private boolean verify = true;
  private int opset = OPSET;
  private String docString = "";

  private OnnxExporter() {}

  public static OnnxExporter builder() {
    return new OnnxExporter();
  }

  /** Sets the block. Its parameters must be initialized, and are not changed. Required. */
  public OnnxExporter block(Block block) {
    this.block = Objects.requireNonNull(block, "block");
    return this;
  }

  /** Sets the block to that of a model, which stays open. */
  public OnnxExporter model(Model model) {
    return block(Objects.requireNonNull(model, "model").getBlock());
  }

  /** Adds a float32 input; axis 0 of the shape is the batch, whatever its size. Required. */
  public OnnxExporter input(String name, Shape shape) {
    return input(name, shape, DataType.FLOAT32);
  }

  /** Adds an input of another type, such as int64 indices, or uint8 with {@link #prepend}. */
  public OnnxExporter input(String name, Shape shape, DataType type) {
    inputs.add(name, shape, type);
    return this;
  }

  /**
   * Leaves the size of an axis open, under a name. Axes of the same name have the same size. Each
   * name doubles the time of the export. The block must accept other sizes: BertBlock, whose
   * positions are a parameter, takes sequences of one length only.
   *
   * @param input the name of an input that was added before
   * @param axis counted from 0; axis 0, which is dynamic anyway, gets this name
   */
  public OnnxExporter dynamicAxis(String input, int axis, String name) {
    inputs.nameAxis(input, axis, name);
    return this;
  }

  /**
   * As {@link #dynamicAxis(String, int, String)}, with the sizes to trace.
   *
   * @param sizes three different sizes of 2 or more that the block takes; none may be the size of
   *     another axis of inputs or parameters
   */
  public OnnxExporter dynamicAxis(String input, int axis, String name, long... sizes) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(sizes, "sizes");
    if (sizes.length != 3
        || Arrays.stream(sizes).distinct().count() != 3
        || Arrays.stream(sizes).anyMatch(size -> size < 2)) {
      throw new IllegalArgumentException(
          "sizes %s of axis '%s'; expected three different ones of 2 or more"
              .formatted(Arrays.toString(sizes), name));
    }
    this.sizes.put(name, sizes.clone());
    return dynamicAxis(input, axis, name);
  }

  /** Fixes an axis, such as the batch, at its size in the shape of the input. */
  public OnnxExporter staticAxis(String input, int axis) {
    inputs.fixAxis(input, axis);
    return this;
  }

  /** Names an output, in the block's order. Default {@code output_0}, {@code output_1}, … */
  public OnnxExporter output(String name) {
    Inputs.requireName("output", Objects.requireNonNull(name, "name"));
    outputs.add(name);
    return this;
  }

  /** Adds entries to the file's metadata. */
  public OnnxExporter metadata(Map<String, String> entries) {
    Objects.requireNonNull(entries, "entries");
    entries.forEach(
        (key, value) -> {
          Objects.requireNonNull(key, "a key of entries");
          Objects.requireNonNull(value, () -> "the value of entry '" + key + "'");
        });
    metadata.putAll(entries);
    return this;
  }

  /** Sets the text that describes the model in the file. Default: none. */
  public OnnxExporter docString(String text) {
    docString = Objects.requireNonNull(text, "text");
    return this;
  }

  /**
   * Adds array code before the block to the graph, for example normalisation, so that the model
   * takes raw pixels. Default: none.
   */
  public OnnxExporter prepend(UnaryOperator<NDList> function) {
    prepended = Objects.requireNonNull(function, "function");
    return this;
  }

  /**
   * Adds array code after the block to the graph, for example softmax, which DJL leaves to the
   * loss. Default: none.
   */
  public OnnxExporter append(UnaryOperator<NDList> function) {
    appended = Objects.requireNonNull(function, "function");
    return this;
  }

  /**
   * Sets the version of ONNX's operators, 13 to 21. Default {@value #OPSET}. The IR version, that
   * of the file format, is the one with which the opset was released.
   */
  public OnnxExporter opset(int version) {
    if (version < MIN_OPSET || version > MAX_OPSET) {
      throw new IllegalArgumentException(
          "opset %d; expected %d to %d".formatted(version, MIN_OPSET, MAX_OPSET));
    }
    opset = version;
    return this;
  }

  /**
   * Sets a custom translator for the calls of a method.
   *
   * @param method interface and name, such as {@code NDArray.erfinv}
   * @throws IllegalArgumentException when neither NDArray nor NDArrayEx has such a method, or it
   *     returns no arrays, so that it is never recorded
   */
  public OnnxExporter translator(String method, OpTranslator translator) {
    Translators.requireExists(Objects.requireNonNull(method, "method"));
    translators.put(method, Objects.requireNonNull(translator, "translator"));
    return this;
  }

  /**
   * Sets whether a batch normalisation is folded into the convolution before it, where nothing else
   * uses the convolution's output. This gives fewer nodes and the same function up to float32
   * rounding; the convolution's weights are then no longer parameters of the block, only named
   * after them. Default false: ONNX Runtime does it when it loads a model.
   */
  public OnnxExporter foldBatchNorm(boolean fold) {
    foldBatchNorm = fold;
    return this;
  }

  /**
   * Sets whether arrays of 1 kB and more go to a second file in the same folder, named {@code
   * model.onnx.HASH.data} after the model and its content. Keep both together. Data of an earlier
   * model of this name are deleted once the new model is in place. Default: only where the model
   * would otherwise exceed 2 GiB, the limit of one ONNX file.
   */
  public OnnxExporter externalData(boolean external) {
    externalData = external;
    return this;
  }

  /** Sets the size of a model above which data go to a second file by default. */
  OnnxExporter inlineLimit(long bytes) {
    inlineLimit = bytes;
    return this;
  }

  /**
   * Sets whether the file is run in ONNX Runtime and compared with the block, as by {@link
   * OnnxVerifier}, before it is moved into place. Default true; without ONNX Runtime on the class
   * path nothing is verified, and the report says so.
   *
   * <p>It starts ONNX Runtime in this process: an application that also uses DJL's OnnxRuntime
   * engine must start that engine first, or switch this off.
   */
  public OnnxExporter verify(boolean on) {
    verify = on;
    return this;
  }

  /** Sets how far a number from the file may be off: {@link OnnxVerifier#tolerance}. */
  public OnnxExporter tolerance(double tolerance) {
    verifier.tolerance(tolerance);
    return this;
  }

  /**
   * Verifies on these arrays too, one for each input: {@link OnnxVerifier#exampleInputs}. For
   * inputs that do not take arbitrary numbers, such as indices. The arrays must stay open until the
   * export.
   */
  public OnnxExporter exampleInputs(NDList arrays) {
    verifier.exampleInputs(arrays);
    return this;
  }

  /**
   * Traces, translates, checks, writes and verifies.
   *
   * @throws ExportException when the block cannot be exported, or the file disagrees with it;
   *     nothing is written
   * @throws IOException when the file cannot be written; an existing one stays
   */
  public ExportReport export(Path file) throws IOException {
    return export(file, temporary -> {});
  }

  /**
   * As {@link #export(Path)}, with a final check by the caller.
   *
   * @param check receives the finished file under a temporary name, before it replaces an earlier
   *     one; after an exception the earlier one stays
   */
  public ExportReport export(Path file, AtomicFile.Check check) throws IOException {
    Objects.requireNonNull(file, "file");
    Objects.requireNonNull(check, "check");
    Block exported = requireReady();
    Translators known = new Translators(translators);
    DynamicAxes axes = DynamicAxes.of(inputs, sizes, exported);
    List<Trace> traces = new ArrayList<>();
    boolean large = BlockRunner.isLarge(exported, inputs);
    if (large) {
      NativeHeap.begin(NativeHeap.Use.GIVE_BACK);
    }
    try {
      for (Map<String, Long> point : axes.points()) {
        traces.add(
            Tracer.trace(exported, prepended, appended, inputs.list(), point, known::isTranslated));
      }
      SymbolicTrace trace = SymbolicTrace.unify(axes, traces, known::isTranslated);
      OnnxGraph traced = graph(exported, known, trace);
      GraphChecker.check(traced, axes.points());
      OnnxGraph graph = foldBatchNorm ? ConvBatchNormFolding.fold(traced) : traced;
      if (foldBatchNorm) {
        GraphChecker.check(graph, axes.points());
      }
      AtomicReference<@Nullable VerificationReport> verified = new AtomicReference<>();
      AtomicFile.Check checks =
          temporary -> {
            verified.set(verify(temporary, exported, axes, trace, graph));
            check.check(temporary);
          };
      long bytes =
          new ModelFiles(file)
              .write(graph.model(docString, metadata), graph, externalData, inlineLimit, checks);
      Set<String> operators = new TreeSet<>();
      graph.graph().getNodeList().forEach(node -> operators.add(node.getOpType()));
      return new ExportReport(
          file,
          bytes,
          opset,
          graph.graph().getNodeCount(),
          graph.initializers().size(),
          operators,
          new LinkedHashSet<>(axes.names()),
          Optional.ofNullable(verified.get()));
    } finally {
      traces.forEach(Trace::close);
      if (large) {
        NativeHeap.end(NativeHeap.Use.GIVE_BACK);
      }
    }
  }

  private Block requireReady() {
    if (block == null || inputs.list().isEmpty()) {
      throw new IllegalStateException("the exporter needs a block and at least one input");
    }
    StandIns.requireKnownDjl();
    inputs.list().forEach(InputSpec::requireSizes);
    Tracer.requireArrayCode(block, "the block");
    BlockRunner.requireInitialized(block);
    return block;
  }

  private OnnxGraph graph(Block exported, Translators known, SymbolicTrace trace) {
    List<String> names = new ArrayList<>(outputs);
    if (names.isEmpty()) {
      for (int i = 0; i < trace.outputs().size(); i++) {
        names.add("output_" + i);
      }
    }
    if (names.size() != trace.outputs().size()) {
      throw new ExportException(
          "the block has %d outputs, but %d names were given: %s"
              .formatted(trace.outputs().size(), names.size(), names));
    }
    GraphBuilder graph = new GraphBuilder(nameOf(exported), opset, trace, names);
    trace.neededCalls().forEach(call -> known.translate(call, graph));
    return graph.build(trace, names);
  }

  private @Nullable VerificationReport verify(
      Path file, Block exported, DynamicAxes axes, SymbolicTrace trace, OnnxGraph graph) {
    if (!verify || FileRunner.find().isEmpty()) {
      return null;
    }
    return verifier
        .block(exported)
        .file(file)
        .prepend(prepended)
        .append(appended)
        .verifyExport(inputs, axes, trace, graph);
  }

  /** Returns the block's class without its package; ONNX requires a non-empty name. */
  private static String nameOf(Block exported) {
    String name = exported.getClass().getName();
    return name.substring(name.lastIndexOf('.') + 1);
  }
}
