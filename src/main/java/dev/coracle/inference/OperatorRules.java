// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Checks the values of a node that ONNX Runtime 1.29.0 does not check before it divides by them, or
 * uses them as sizes or indices, which ends the process. Each rule is ONNX's own or common sense;
 * {@code ModelMutationSoakIT} found which are needed.
 */
final class OperatorRules {

  /** Smallest and largest value of the attributes of these names, whatever the operator. */
  private static final Map<String, long[]> RANGES =
      Map.ofEntries(
          range("axis", -64, 63),
          range("batch_dims", 0, 63),
          range("block_size", 0, 1 << 20),
          range("blocksize", 1, 1 << 15),
          range("dilations", 1, 1 << 16),
          range("group", 1, 1 << 20),
          range("hidden_size", 1, 1 << 20),
          range("inputdimensions", 1, 1 << 20),
          range("kernel_shape", 1, 1 << 16),
          range("kv_num_heads", 1, 1 << 20),
          range("num_heads", 1, 1 << 20),
          range("num_outputs", 1, 1 << 20),
          range("output_height", 1, 1 << 16),
          range("output_padding", 0, 1 << 16),
          range("output_width", 1, 1 << 16),
          range("pads", -(1 << 16), 1 << 16),
          range("q_num_heads", 1, 1 << 20),
          range("sampling_ratio", 0, 1 << 10),
          range("strides", 1, 1 << 16));

  /** {@code AttributeProto.AttributeType.INT}. */
  private static final int INT_ATTRIBUTE = 2;

  /** Range of the others: kernels truncate 64 bits to 32, so that 2^40 becomes 0. */
  private static final long[] INT = {Integer.MIN_VALUE, Integer.MAX_VALUE};

  /** Attributes that are data or bounds of a slice, and may use all 64 bits. */
  private static final Set<String> LONGS =
      Set.of(
          "cats_int64s",
          "classlabels_int64s",
          "classlabels_ints",
          "default_int64",
          "end",
          "ends",
          "ignore_index",
          "int64_vocabulary",
          "imputed_value_int64s",
          "keys_int64s",
          "pool_int64s",
          "replaced_value_int64",
          "start",
          "starts",
          "value_int",
          "value_ints",
          "values_int64s");

  /** The attributes of a Constant and their {@code AttributeProto.AttributeType}. */
  private static final Map<String, Integer> VALUES =
      Map.of(
          "sparse_value", 11,
          "value", 4,
          "value_float", 1,
          "value_floats", 6,
          "value_int", INT_ATTRIBUTE,
          "value_ints", 7,
          "value_string", 3,
          "value_strings", 8);

  /** Operators none of whose inputs may be omitted by an empty name. */
  private static final Set<String> NEVER_LEFT_OUT =
      Set.of("Concat", "LayerNormalization", "Max", "Mean", "Min", "SequenceConstruct", "Sum");

  private static final long MAX_CONSTANT = 1 << 24;

  /** Number of scales for which ONNX Runtime has room, however few axes there turn out to be. */
  private static final int SAFE_SCALES = 8;

  /** Inputs that are one number: position by operator. */
  private static final Map<String, int[]> SCALARS =
      Map.ofEntries(
          scalars("Loop", 0, 1),
          scalars("OneHot", 1),
          scalars("SequenceAt", 1),
          scalars("SequenceErase", 1),
          scalars("SequenceInsert", 2));

  /** Operators that accept a tensor without elements like any other. */
  private static final Set<String> TAKE_EMPTY =
      Set.of(
          "Cast",
          "Concat",
          "ConstantOfShape",
          "Identity",
          "If",
          "Loop",
          "Reshape",
          "SequenceConstruct",
          "SequenceInsert",
          "Shape",
          "Size");

  /** Operators whose operands, all but the first, may be lists without elements. */
  private static final Set<String> TAKE_EMPTY_LISTS =
      Set.of("Expand", "Pad", "Resize", "Slice", "Split", "Squeeze", "Tile", "Unsqueeze");

  /**
   * Operators that ONNX Runtime has in ONNX's domain but ONNX has not; Crop, for one, reads
   * wherever its border attribute points.
   */
  private static final Set<String> WITHDRAWN =
      Set.of(
          "ATen",
          "Affine",
          "Crop",
          "DynamicSlice",
          "GRUUnit",
          "GivenTensorFill",
          "ImageScaler",
          "MemcpyFromHost",
          "MemcpyToHost",
          "ParametricSoftplus",
          "Scale",
          "ScaledTanh");

  /** Most inputs, or outputs, of a node; exporters give a Concat a few hundred. */
  private static final int MAX_OPERANDS = 1 << 16;

  private static final Set<String> QUANTIZATION = Set.of("DequantizeLinear", "QuantizeLinear");

  private final Message node;
  private final String operator;
  private final List<String> inputs;
  private final KnownShapes shapes;
  private final String place;

  /** Checks how many operands a node has, before their names are read. */
  static void count(Message node, String place) {
    for (String field : List.of("input", "output")) {
      int count = node.count(field);
      if (count > MAX_OPERANDS) {
        throw new InvalidModelException(
            "%s: expected at most %d %ss, found %d".formatted(place, MAX_OPERANDS, field, count));
      }
    }
  }

  private OperatorRules(Message node, KnownShapes shapes, String place) {
    this.node = node;
    this.operator = node.text("op_type");
    this.inputs = node.texts("input");
    this.shapes = shapes;
    this.place = place;
  }

  static void check(Message node, KnownShapes shapes, String place) {
    if (WITHDRAWN.contains(node.text("op_type"))) {
      throw new InvalidModelException(
          "%s: expected an operator of ONNX, found one that ONNX has withdrawn; convert the model to operators of today"
              .formatted(place));
    }
    OperatorRules rules = new OperatorRules(node, shapes, place);
    for (Message attribute : node.messages("attribute")) {
      rules.range(attribute);
    }
    rules.operands();
    rules.empty();
    rules.operator();
  }

  private void range(Message attribute) {
    String name = attribute.text("name");
    if (LONGS.contains(name)) {
      return;
    }
    long[] range = RANGES.getOrDefault(name, INT);
    if (attribute.number("type") == INT_ATTRIBUTE) {
      within(range, name, attribute.number("i")); // 0 where it is absent
    }
    attribute.eachNumber("ints", value -> within(range, name, value));
  }

  private void within(long[] range, String name, long value) {
    if (value < range[0] || value > range[1]) {
      throw new InvalidModelException(
          "%s: expected %s from %d to %d, found %d; export the model again"
              .formatted(place, Quote.plain(name), range[0], range[1], value));
    }
  }

  private void operands() {
    for (int i = 0; i < inputs.size(); i++) {
      if (inputs.get(i).isEmpty() && !mayBeLeftOut(i)) {
        throw new InvalidModelException(
            "%s: expected each input to have a name, found none for input %d, of which ONNX Runtime 1.29.0 dies; give it its default value"
                .formatted(place, i));
      }
    }
    for (int i : SCALARS.getOrDefault(operator, new int[0])) {
      long[] shape = shape(i);
      if (shape != null
          && Arrays.stream(shape).anyMatch(size -> size != 1 && size != KnownShapes.UNKNOWN)) {
        throw operand(i, "one number", shape);
      }
    }
  }

  private boolean mayBeLeftOut(int input) {
    if (operator.equals("DFT")) {
      return input == 1;
    }
    if (operator.startsWith("Reduce")) {
      return input == 1 && attribute("noop_with_empty_axes") == 0;
    }
    return !NEVER_LEFT_OUT.contains(operator);
  }

  /** Refuses empty operands where they make no sense: many kernels divide by the size. */
  private void empty() {
    boolean lists = TAKE_EMPTY_LISTS.contains(operator) || operator.startsWith("Reduce");
    if (TAKE_EMPTY.contains(operator)) {
      return;
    }
    for (int i = 0; i < (lists ? Math.min(1, inputs.size()) : inputs.size()); i++) {
      long[] shape = shape(i);
      if (shape != null && Arrays.stream(shape).anyMatch(size -> size == 0)) {
        throw operand(i, "a tensor that is not empty", shape);
      }
    }
  }

  private void operator() {
    switch (operator) {
      case "Resize" -> scales(inputs.size() == 2 ? 1 : 2); // opset 10 has no roi
      case "Upsample" -> scales(1);
      case "Constant" -> value();
      case "Split" -> {
        long parts = attribute("num_outputs");
        if (parts != 0 && parts != node.count("output")) {
          throw new InvalidModelException(
              "%s: expected %d outputs, as num_outputs says, found %d"
                  .formatted(place, parts, node.count("output")));
        }
      }
      case "DFT" -> {
        // The default length is twice the axis minus two, and for 0 ONNX Runtime never returns.
        if (attribute("inverse") != 0 && attribute("onesided") != 0) {
          if (inputs.size() < 2 || inputs.get(1).isEmpty()) {
            throw new InvalidModelException(
                "%s: expected a dft_length as input 1, as inverse and onesided want one, found none; export the model with it"
                    .formatted(place));
          }
          positive(1);
        }
      }
      case "STFT" -> {
        positive(1);
        positive(3);
      }
      case "MelWeightMatrix" -> // its five operands determine where in the matrix it writes
          throw new InvalidModelException(
              "%s: expected a constant in the place of MelWeightMatrix, whose operands ONNX Runtime 1.29.0 does not check; export the model with the matrix computed"
                  .formatted(place));
      case "SplitToSequence" -> {
        long[] parts = shape(1); // one size for all, or a list of sizes
        if (parts == null || parts.length == 0) {
          positive(1);
        }
      }
      case "Trilu" -> constant(1, -MAX_CONSTANT); // it writes to a diagonal far outside the matrix
      case "TfIdfVectorizer" -> TextRules.check(node, place);
      case "Normalizer" -> {
        long[] shape = shape(0);
        if (shape != null && shape.length == 0) {
          throw operand(0, "a list or more", shape);
        }
      }
      default -> {
        if (QUANTIZATION.contains(operator) && attribute("block_size") > 0) {
          long[] values = shape(0);
          long[] scales = shape(1);
          if (values == null || scales == null || values.length != scales.length) {
            throw operand(1, "scales with as many axes as the values", scales);
          }
        }
      }
    }
  }

  /** Checks a Constant: ONNX Runtime takes its first attribute, by type, whatever its name. */
  private void value() {
    List<Message> attributes = node.messages("attribute");
    Integer type = attributes.size() == 1 ? VALUES.get(attributes.get(0).text("name")) : null;
    if (type == null || type != attributes.get(0).number("type")) {
      throw new InvalidModelException(
          "%s: expected one attribute, a value of the type that its name says, found %s; export the model again"
              .formatted(
                  place,
                  attributes.stream()
                      .map(
                          value ->
                              Quote.text(value.text("name")) + " of type " + value.number("type"))
                      .toList()));
    }
  }

  /** Requires a positive constant: a computed number might be 0, and is divided by. */
  private void positive(int i) {
    constant(i, 1);
  }

  private void constant(int i, long min) {
    if (i >= inputs.size() || inputs.get(i).isEmpty()) {
      return;
    }
    Long number = shapes.number(inputs.get(i));
    if (number == null || number < min || number > MAX_CONSTANT) {
      throw new InvalidModelException(
          "%s: expected input %d (%s) to be a constant from %d to %d, found %s"
              .formatted(
                  place,
                  i,
                  Quote.text(inputs.get(i)),
                  min,
                  MAX_CONSTANT,
                  number == null ? "none in the file" : number));
    }
  }

  /** Checks the scales, which ONNX Runtime copies into a buffer for one number per axis. */
  private void scales(int i) {
    if (i >= inputs.size() || inputs.get(i).isEmpty()) {
      return;
    }
    long[] image = shape(0);
    long[] shape = shape(i);
    long axes = image == null ? KnownShapes.UNKNOWN : image.length;
    for (Message attribute : node.messages("attribute")) {
      if (attribute.text("name").equals("axes")) {
        axes = attribute.elements("ints");
      }
    }
    boolean fits =
        shape != null
            && shape.length == 1
            && (shape[0] == 0
                || (axes == KnownShapes.UNKNOWN
                    ? shape[0] > 0 && shape[0] <= SAFE_SCALES
                    : shape[0] == axes));
    if (!fits) {
      throw operand(i, "a list of one number for each axis", shape);
    }
  }

  private long @Nullable [] shape(int input) {
    return input < inputs.size() ? shapes.of(inputs.get(input)) : null;
  }

  /** Returns a whole number, or 0 where the node does not have it. */
  private long attribute(String name) {
    for (Message attribute : node.messages("attribute")) {
      if (attribute.text("name").equals(name)) {
        return attribute.number("i");
      }
    }
    return 0;
  }

  private InvalidModelException operand(int i, String expected, long @Nullable [] shape) {
    return new InvalidModelException(
        "%s: expected input %d (%s) to be %s, found %s"
            .formatted(
                place,
                i,
                Quote.text(i < inputs.size() ? inputs.get(i) : ""),
                expected,
                shape == null ? "a shape that the file does not tell" : Arrays.toString(shape)));
  }

  private static Map.Entry<String, long[]> range(String name, long min, long max) {
    return Map.entry(name, new long[] {min, max});
  }

  private static Map.Entry<String, int[]> scalars(String operator, int... positions) {
    return Map.entry(operator, positions);
  }
}
