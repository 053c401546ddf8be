// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import dev.coracle.AtomicFile;
import dev.coracle.Version;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Writes a DJL block as an ONNX file (opset 17, IR version 8).
 *
 * <pre>{@code
 * OnnxExporter.builder()
 *     .block(block)
 *     .input("input_0", new Shape(1, 1, 28, 28))   // axis 0 becomes batch_size
 *     .output("output_0")
 *     .export(Path.of("model.onnx"));
 * }</pre>
 *
 * <p>How it works: {@link Tracer} runs the block at three batch sizes and records the array calls;
 * {@link SymbolicTrace} finds what in them depends on the batch size; {@link Translators} writes
 * each call as ONNX nodes. The block is run in inference mode, so dropout disappears. Nothing is
 * written on any error, and an existing file stays as it was.
 *
 * <p>What a block does only at batch sizes that are not traced ({@code if (n > 128)}) cannot be
 * seen: compare file and block at the sizes that matter.
 *
 * <p>Initializers bear the names of the block's parameters ({@code block.getParameters()}). The
 * same block and parameters give the same bytes. Not thread-safe.
 */
public final class OnnxExporter {

  /** Version of ONNX's operators. */
  public static final int OPSET = 17;

  /** Version of ONNX's file format: the one that came with opset 17. */
  public static final int IR_VERSION = 8;

  private @Nullable Block block;
  private final List<InputSpec> inputs = new ArrayList<>();
  private final List<String> outputs = new ArrayList<>();
  private final Map<String, String> metadata = new TreeMap<>();
  private UnaryOperator<NDList> prepended = UnaryOperator.identity();

  private OnnxExporter() {}

  /** Says what was written: operators in alphabetical order, sizes in bytes. */
  public record Report(Path file, long bytes, int nodes, int initializers, Set<String> operators) {}

  public static OnnxExporter builder() {
    return new OnnxExporter();
  }

  /** Sets the block. Its parameters must be initialized, and stay as they are. Required. */
  public OnnxExporter block(Block block) {
    this.block = block;
    return this;
  }

  /** Adds a float32 input; axis 0 of the shape is the batch, whatever its size. Required. */
  public OnnxExporter input(String name, Shape shape) {
    return input(name, shape, DataType.FLOAT32);
  }

  /** Adds an input of another type, such as uint8 together with {@link #prepend}. */
  public OnnxExporter input(String name, Shape shape, DataType type) {
    if (shape.dimension() == 0) {
      throw new IllegalArgumentException("input '" + name + "' has rank 0; axis 0 is the batch");
    }
    if (LongStream.of(shape.getShape()).skip(1).anyMatch(size -> size < 1)) {
      throw new IllegalArgumentException(
          "input '%s' has shape %s; expected sizes of 1 or more after axis 0, the batch"
              .formatted(name, shape));
    }
    inputs.add(new InputSpec(name, shape, type));
    return this;
  }

  /** Names an output, in the block's order. Default {@code output_0}, {@code output_1}, … */
  public OnnxExporter output(String name) {
    outputs.add(name);
    return this;
  }

  /** Adds entries to the file's metadata. */
  public OnnxExporter metadata(Map<String, String> entries) {
    metadata.putAll(entries);
    return this;
  }

  /**
   * Puts array code before the block and into the graph: normalisation, so that the model takes raw
   * pixels, for example. Default: none.
   */
  public OnnxExporter prepend(UnaryOperator<NDList> function) {
    prepended = function;
    return this;
  }

  /**
   * Traces, translates, checks and writes.
   *
   * @throws ExportException when the block cannot be exported; nothing is written
   * @throws IOException when the file cannot be written; an existing one stays
   */
  public Report export(Path file) throws IOException {
    return export(file, temporary -> {});
  }

  /**
   * As {@link #export(Path)}, with a last word for the caller.
   *
   * @param check gets the finished file under another name, before it takes the place of an earlier
   *     one; an exception leaves the earlier one
   */
  public Report export(Path file, AtomicFile.Check check) throws IOException {
    ModelProto model = toModel();
    int size = model.getSerializedSize();
    if (size < 0) { // the initializers fit, but not together with the rest
      throw new ExportException("the model is larger than 2 GiB, which one ONNX file cannot hold");
    }
    AtomicFile.write(
        file,
        model::writeTo,
        temporary -> {
          requireEqual(model, temporary);
          check.check(temporary);
        });
    GraphProto graph = model.getGraph();
    Set<String> operators = new TreeSet<>();
    graph.getNodeList().forEach(node -> operators.add(node.getOpType()));
    return new Report(file, size, graph.getNodeCount(), graph.getInitializerCount(), operators);
  }

  private ModelProto toModel() {
    if (block == null || inputs.isEmpty()) {
      throw new IllegalStateException("the exporter needs a block and at least one input");
    }
    for (Pair<String, Parameter> parameter : block.getParameters()) {
      Parameter value = parameter.getValue();
      if (!value.isInitialized() || value.getArray().isReleased()) {
        throw new ExportException(
            "parameter %s of the block is not initialized, or is closed; initialize, train or load the block before the export"
                .formatted(parameter.getKey()));
      }
    }
    List<Trace> traces = new ArrayList<>();
    try {
      for (long batch : batchSizes()) {
        traces.add(Tracer.trace(block, prepended, inputs, batch));
      }
      return model(graph(SymbolicTrace.unify(traces)));
    } finally {
      traces.forEach(Trace::close);
    }
  }

  /**
   * Returns three sizes that are no dimension of inputs and parameters, so that a batch axis does
   * not broadcast with another by chance; that are not 1, where broadcasting and squeeze behave
   * differently; odd and even, small and not so small, so that code that rounds the batch size or
   * compares it shows.
   */
  private long[] batchSizes() {
    Set<Long> used = new TreeSet<>();
    for (InputSpec input : inputs) {
      LongStream.of(input.shape().getShape()).skip(1).forEach(used::add);
    }
    for (Parameter parameter : Objects.requireNonNull(block).getParameters().values()) {
      LongStream.of(parameter.getArray().getShape().getShape()).forEach(used::add);
    }
    long[] sizes = {3, 8, 17};
    for (int i = 0; i < sizes.length; i++) {
      while (!used.add(sizes[i])) {
        sizes[i] += 2;
      }
    }
    return sizes;
  }

  private GraphProto graph(SymbolicTrace trace) {
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
    GraphBuilder graph = new GraphBuilder(graphName(), trace, names);
    trace.neededCalls().forEach(call -> Translators.translate(call, graph));
    return graph.build(trace, names);
  }

  /** Returns the block's class without its package; ONNX asks for a name that is not empty. */
  private String graphName() {
    String name = Objects.requireNonNull(block).getClass().getName();
    return name.substring(name.lastIndexOf('.') + 1);
  }

  private ModelProto model(GraphProto graph) {
    GraphChecker.check(graph);
    ModelProto.Builder model =
        ModelProto.newBuilder()
            .setIrVersion(IR_VERSION)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OPSET))
            .setProducerName("coracle")
            .setProducerVersion(Version.CORACLE)
            .setGraph(graph);
    metadata.forEach(
        (key, value) ->
            model.addMetadataProps(
                StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
    return model.build();
  }

  private static void requireEqual(ModelProto model, Path temporary) throws IOException {
    try (InputStream in = Files.newInputStream(temporary)) {
      if (!ModelProto.parseFrom(in).equals(model)) {
        throw new IOException("the file reads back differently than it was written");
      }
    }
  }
}
