// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import dev.coracle.CoracleException;
import dev.coracle.NativeHeap;
import dev.coracle.onnx.FileRunner.OpenFile;
import dev.coracle.onnx.SampleInputs.Kind;
import dev.coracle.onnx.VerificationReport.Skipped;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.ToLongFunction;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Runs a block in DJL and its file in ONNX Runtime side by side and compares every number. {@link
 * OnnxExporter} does so by default; this class is for an existing file and block.
 *
 * <pre>{@code
 * VerificationReport report =
 *     OnnxVerifier.builder()
 *         .block(block)
 *         .file(Path.of("model.onnx"))
 *         .input("input_0", new Shape(1, 1, 28, 28))   // axis 0 is tried at 1, 2, 7 and 64
 *         .verify();
 * }</pre>
 *
 * <p>How it works: the block runs first, on random numbers, at several sizes of each dynamic axis;
 * its outputs are kept. Then the file runs on the same numbers. Sizes at which the block itself
 * fails are skipped, and named in the report.
 *
 * <p>ONNX Runtime optimises the graph, as it does where the file is served. Where the block's
 * parameters take more than 64 MiB, it omits the optimisations that make modified copies of
 * convolution weights ({@code KEEPING_WEIGHTS} of {@code ModelOptions}).
 *
 * <p>Floating-point inputs are normally distributed, uint8 inputs are 0 to 255, other integers are
 * 0 and 1, which are valid as indices and masks almost anywhere: give {@link #exampleInputs} or
 * {@link #bound} for more. Where the block fails on these, or its outputs are not finite, numbers
 * from 0 to 1 are tried.
 *
 * <p>Needs ONNX Runtime on the class path, and starts its environment: see {@code OnnxModel} about
 * DJL's OnnxRuntime engine in the same process. Not thread-safe.
 */
public final class OnnxVerifier {

  /** Default tolerance: float32 sums of a few thousand terms in a different order stay below it. */
  public static final double TOLERANCE = 1e-4;

  /** Numbers that a block may compute at all sizes of an export: a second or two, and 1 GB. */
  private static final long MAX_WORK = 1L << 28;

  private @Nullable Block block;
  private @Nullable Path file;
  private Inputs inputs = new Inputs();
  private final Map<String, List<Long>> sizes = new HashMap<>();
  private final Map<String, Long> bounds = new HashMap<>();
  private final List<NDList> examples = new ArrayList<>();
  private final Set<String> domains = new HashSet<>();
  private UnaryOperator<NDList> prepended = UnaryOperator.identity();
  private UnaryOperator<NDList> appended = UnaryOperator.identity();
  private double tolerance = TOLERANCE;
  private @Nullable VerificationPoints points;
  private ToLongFunction<Map<String, Long>> work = sizes -> 0;

  private OnnxVerifier() {}

  public static OnnxVerifier builder() {
    return new OnnxVerifier();
  }

  /** Sets the block. Required. */
  public OnnxVerifier block(Block block) {
    this.block = Objects.requireNonNull(block, "block");
    return this;
  }

  /** Sets the ONNX file. Required. */
  public OnnxVerifier file(Path file) {
    this.file = Objects.requireNonNull(file, "file");
    return this;
  }

  /** Adds a float32 input; axis 0 of the shape is the batch, whatever its size. Required. */
  public OnnxVerifier input(String name, Shape shape) {
    return input(name, shape, DataType.FLOAT32);
  }

  /** Adds an input of another type. */
  public OnnxVerifier input(String name, Shape shape, DataType type) {
    inputs.add(name, shape, type);
    return this;
  }

  /** Says that an axis may have any size, under a name; axes of one name have the same size. */
  public OnnxVerifier dynamicAxis(String input, int axis, String name) {
    inputs.nameAxis(input, axis, name);
    return this;
  }

  /** Says that an axis, such as the batch, has the size in the shape of the input. */
  public OnnxVerifier staticAxis(String input, int axis) {
    inputs.fixAxis(input, axis);
    return this;
  }

  /** Sets the sizes at which a dynamic axis is tried. Default 1, 2, 7 and 64. */
  public OnnxVerifier sizes(String axis, long... sizes) {
    Objects.requireNonNull(axis, "axis");
    Objects.requireNonNull(sizes, "sizes");
    if (sizes.length == 0 || Arrays.stream(sizes).anyMatch(size -> size < 1)) {
      throw new IllegalArgumentException(
          "sizes %s of axis '%s'; expected at least one, of 1 or more"
              .formatted(Arrays.toString(sizes), axis));
    }
    this.sizes.put(axis, Arrays.stream(sizes).boxed().toList());
    return this;
  }

  /** Draws the integers of an input from 0 to below a bound, such as a vocabulary's size. */
  public OnnxVerifier bound(String input, long bound) {
    if (bound < 1) {
      throw new IllegalArgumentException(
          "bound %d of input '%s'; expected 1 or more".formatted(bound, input));
    }
    bounds.put(inputs.get(Objects.requireNonNull(input, "input")).name(), bound);
    return this;
  }

  /**
   * Compares on these arrays too, one for each input; for other sizes, draws numbers from the
   * arrays that were given first. The caller closes them afterwards.
   */
  public OnnxVerifier exampleInputs(NDList arrays) {
    Objects.requireNonNull(arrays, "arrays");
    arrays.forEach(array -> Objects.requireNonNull(array, "an array of arrays"));
    examples.add(arrays);
    return this;
  }

  /** Adds array code before the block, as {@link OnnxExporter#prepend} does. */
  public OnnxVerifier prepend(UnaryOperator<NDList> function) {
    prepended = Objects.requireNonNull(function, "function");
    return this;
  }

  /** Adds array code after the block, as {@link OnnxExporter#append} does. */
  public OnnxVerifier append(UnaryOperator<NDList> function) {
    appended = Objects.requireNonNull(function, "function");
    return this;
  }

  /** Allows operators of domains besides ONNX's own, such as {@code com.microsoft}. */
  public OnnxVerifier allowDomains(Set<String> domains) {
    this.domains.addAll(Objects.requireNonNull(domains, "domains"));
    return this;
  }

  /**
   * Sets how far a number may be off, relative to the block's number, to the median magnitude of
   * the output's numbers or to 1, whichever is largest. Default 1e-4. Integers and booleans must be
   * equal.
   */
  public OnnxVerifier tolerance(double tolerance) {
    if (!(tolerance >= 0)) {
      throw new IllegalArgumentException("tolerance %s; expected 0 or more".formatted(tolerance));
    }
    this.tolerance = tolerance;
    return this;
  }

  /**
   * Compares the file of an export with the block, using what the export has found out about it.
   *
   * @throws ExportException also when ONNX Runtime refuses the file
   */
  VerificationReport verifyExport(
      Inputs inputs, DynamicAxes axes, SymbolicTrace trace, OnnxGraph graph) {
    this.inputs = inputs;
    points =
        VerificationPoints.around(axes, SliceBounds.of(trace), DynamicAxes.haveLargeRows(inputs));
    bounds.putAll(IndexBounds.of(graph));
    domains.addAll(graph.domains().keySet());
    work = trace::elements;
    try {
      return verify();
    } catch (ExportException e) {
      throw e;
    } catch (CoracleException e) {
      if (e.getCause() instanceof ClosedByInterruptException) {
        throw new ExportException("the export was interrupted while it verified the file", e);
      }
      throw new ExportException(
          "the file cannot be verified: %s; verify(false) exports without"
              .formatted(e.getMessage()),
          e);
    }
  }

  /**
   * Compares file and block.
   *
   * @throws ExportException when a number is off by more than the tolerance, a type or a shape
   *     differs, or the file does not run where the block does; when all floating-point outputs of
   *     the block have no finite number at any size; when the block is not initialized
   * @throws CoracleException when ONNX Runtime is not there, or refuses the file
   */
  public VerificationReport verify() {
    if (block == null || file == null || inputs.list().isEmpty()) {
      throw new IllegalStateException("the verifier needs a block, a file and at least one input");
    }
    FileRunner runner =
        FileRunner.find()
            .orElseThrow(
                () ->
                    new CoracleException(
                        "ONNX Runtime is not on the class path; add com.microsoft.onnxruntime:onnxruntime"));
    inputs.list().forEach(InputSpec::requireSizes);
    BlockRunner.requireInitialized(block);
    requireExamples();
    requireAxes();
    boolean large = BlockRunner.isLarge(block, inputs);
    if (large) {
      NativeHeap.begin(NativeHeap.Use.GIVE_BACK);
    }
    try {
      return verify(block, file, runner);
    } finally {
      if (large) {
        NativeHeap.end(NativeHeap.Use.GIVE_BACK);
      }
    }
  }

  private VerificationReport verify(Block block, Path file, FileRunner runner) {
    boolean keepWeights = BlockRunner.hasLargeParameters(block);
    try (BlockRunner djl = new BlockRunner(block, prepended, appended)) {
      try {
        return verify(djl, file, runner, keepWeights);
      } catch (ExportException e) {
        if (!djl.isInParts()) {
          throw e;
        }
      }
      // A block may have kept an array in a field for a later block, which running in parts has
      // closed.
      djl.runWhole();
      return verify(djl, file, runner, keepWeights);
    }
  }

  private VerificationReport verify(
      BlockRunner djl, Path file, FileRunner runner, boolean keepWeights) {
    List<Skipped> skipped = new ArrayList<>();
    List<Sample> samples = samples(djl, skipped);
    Differences differences = new Differences(tolerance);
    try (OpenFile onnx = runner.open(file, domains, keepWeights)) {
      for (Sample sample : samples) {
        compare(sample, onnx, djl.manager(), differences);
      }
    }
    differences.requireNumbers();
    return new VerificationReport(
        differences.outputs(),
        samples.stream().map(Sample::sizes).distinct().toList(),
        skipped,
        differences.notes(),
        differences.allowed());
  }

  private void requireAxes() {
    Set<String> axes = inputs.axisNames();
    if (!axes.containsAll(sizes.keySet())) {
      throw new IllegalArgumentException(
          "sizes were given for the axes %s; the dynamic axes are %s"
              .formatted(sizes.keySet(), axes));
    }
  }

  private void requireExamples() {
    for (NDList arrays : examples) {
      if (arrays.size() != inputs.list().size()) {
        throw new IllegalArgumentException(
            "%d example arrays were given for %d inputs"
                .formatted(arrays.size(), inputs.list().size()));
      }
      for (int i = 0; i < arrays.size(); i++) {
        inputs.list().get(i).requireFits(arrays.get(i));
      }
    }
  }

  /** The block's outputs for some inputs; owned by the runner of the block. */
  private record Sample(Map<String, Long> sizes, NDList inputs, NDList outputs) {

    String where() {
      return sizes.isEmpty()
          ? "at the inputs' sizes"
          : "at "
              + sizes.entrySet().stream()
                  .map(size -> size.getKey() + " " + size.getValue())
                  .collect(Collectors.joining(", "));
    }
  }

  private List<Sample> samples(BlockRunner djl, List<Skipped> skipped) {
    VerificationPoints chosen =
        points == null ? VerificationPoints.of(inputs.axisNames(), sizes) : points;
    List<Sample> samples = new ArrayList<>();
    for (NDList example : examples) {
      samples.add(sample(djl, sizesOf(example), example));
    }
    SampleInputs data =
        new SampleInputs(inputs.list(), bounds, examples, Kind.NORMAL).takenBy(djl, chosen.base());
    long done = 0;
    for (Map<String, Long> point : chosen.points()) {
      done += work.applyAsLong(point);
      if (done > MAX_WORK && !samples.isEmpty()) {
        done -= work.applyAsLong(point);
        skipped.add(new Skipped(point, "it would take long"));
        continue;
      }
      try {
        samples.add(sample(djl, point, data.at(point, djl.manager())));
      } catch (RuntimeException e) {
        skipped.add(new Skipped(point, "the block fails: " + firstLine(e)));
      }
    }
    if (samples.isEmpty()) {
      samples.add(sample(djl, chosen.base(), data.at(chosen.base(), djl.manager())));
    }
    return samples;
  }

  private static Sample sample(BlockRunner djl, Map<String, Long> sizes, NDList arrays) {
    return new Sample(sizes, arrays, djl.run(arrays));
  }

  private Map<String, Long> sizesOf(NDList example) {
    Map<String, Long> found = new LinkedHashMap<>();
    for (int i = 0; i < example.size(); i++) {
      Shape shape = example.get(i).getShape();
      inputs.list().get(i).axes().forEach((axis, name) -> found.put(name, shape.get(axis)));
    }
    return found;
  }

  private void compare(Sample sample, OpenFile onnx, NDManager manager, Differences differences) {
    Map<String, NDArray> given = new LinkedHashMap<>();
    for (int i = 0; i < sample.inputs().size(); i++) {
      given.put(inputs.list().get(i).name(), sample.inputs().get(i));
    }
    try (NDManager scratch = manager.newSubManager()) {
      Map<String, NDArray> found;
      try {
        found = onnx.run(given, scratch);
      } catch (CoracleException e) {
        throw new ExportException(
            "the file fails %s, where the block runs: %s".formatted(sample.where(), e.getMessage()),
            e);
      }
      if (found.size() != sample.outputs().size()) {
        throw new ExportException(
            "the file has %d outputs, %s; the block has %d"
                .formatted(found.size(), found.keySet(), sample.outputs().size()));
      }
      int index = 0;
      for (Map.Entry<String, NDArray> output : found.entrySet()) {
        differences.add(
            output.getKey(),
            sample.outputs().get(index++),
            output.getValue(),
            sample.where(),
            sample.sizes().containsValue(1L));
      }
    }
  }

  static String firstLine(RuntimeException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.toString());
  }
}
