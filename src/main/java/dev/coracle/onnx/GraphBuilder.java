// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import dev.coracle.onnx.TracedValue.Kind;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * Collects the nodes and initializers of a graph; {@link OpTranslator}s call it. Parameters and
 * constants become initializers when they are first used, so that unused ones stay out; names are
 * derived from what they name, so that the same block gives the same bytes.
 */
public final class GraphBuilder {

  /** Name of the first axis of inputs. */
  static final String BATCH_AXIS = "batch_size";

  private final int opset;
  private final Map<String, Long> domains = new TreeMap<>();
  private final GraphProto.Builder graph = GraphProto.newBuilder();
  private final Map<String, Initializer> initializers = new TreeMap<>();
  private final List<String> initializerOrder = new ArrayList<>();
  private final Map<Integer, String> names = new HashMap<>();
  private final Map<String, Value> traced = new HashMap<>();
  private final Map<Integer, String> parameters = new HashMap<>();
  private final Map<String, String> shared = new HashMap<>();
  private final Map<String, String> axisSources = new HashMap<>();
  private final Set<String> taken = new HashSet<>();
  private final Set<Integer> used = new HashSet<>();

  GraphBuilder(String graphName, int opset, SymbolicTrace trace, List<String> outputNames) {
    this.opset = opset;
    graph.setName(graphName);
    for (Value input : trace.inputs()) {
      String name = input.traced().name();
      define(take(name), input);
      names.put(input.id(), name);
      graph.addInput(OnnxTypes.describe(name, input));
      for (int axis = 0; axis < input.rank(); axis++) {
        if (!input.shape().get(axis).isConstant()) {
          axisSources.putIfAbsent(input.shape().get(axis).toString(), name + "\n" + axis);
        }
      }
    }
    outputNames.forEach(this::take);
    // Parameters' names are taken first, so that no generated name can clash with them.
    trace.calls().forEach(call -> call.operands().forEach(this::takeParameter));
    trace.outputs().forEach(this::takeParameter);
    trace.outputs().forEach(output -> used.add(output.id()));
    trace.neededCalls().forEach(call -> call.operands().forEach(o -> used.add(o.id())));
  }

  private void takeParameter(Value value) {
    String name = value.parameter();
    if (name != null && !parameters.containsKey(value.id())) {
      parameters.put(value.id(), take(name));
    }
  }

  /** Returns the opset, the version of ONNX's operators that the graph uses. */
  public int opset() {
    return opset;
  }

  /** Tells whether an output of the graph or a call that it needs depends on a result. */
  public boolean isUsed(Value result) {
    return used.contains(result.id());
  }

  /** Tells whether a result that something depends on is still to be computed. */
  boolean lacks(Value result) {
    return isUsed(result) && !names.containsKey(result.id()) && result.constant() == null;
  }

  /** Starts a node of an ONNX operator for a call; {@link NodeBuilder#output} ends it. */
  public NodeBuilder node(String operator, Call call) {
    return node("", operator, call);
  }

  /** Starts a node of an operator of another domain, such as {@code com.microsoft}. */
  public NodeBuilder node(String domain, String operator, Call call) {
    if (!domain.isEmpty()) {
      domains.putIfAbsent(domain, 1L);
    }
    return new NodeBuilder(this, operator, call.method() + " at " + call.location(), prefix(call))
        .domain(domain);
  }

  /** Starts a node that belongs to no call itself, but computes something that a call needs. */
  NodeBuilder helper(String operator, String why) {
    return new NodeBuilder(this, operator, why, "");
  }

  /** Returns where the block is: the path of a parameter without the parameter's own name. */
  private static String prefix(Call call) {
    return call.operands()
        .map(Value::parameter)
        .filter(name -> name != null && name.indexOf('_') > 0)
        .findFirst()
        .map(name -> name.substring(0, name.lastIndexOf('_') + 1))
        .orElse("");
  }

  /** Tells whether the graph has a node of an operator so far. */
  boolean has(String operator) {
    return graph.getNodeList().stream().anyMatch(node -> node.getOpType().equals(operator));
  }

  /** Makes {@code value} another name of {@code same}: no node. */
  public void alias(Value value, Value same) {
    names.put(value.id(), name(same));
  }

  /** Makes {@code value} the name of an array of the graph. */
  public void alias(Value value, String name) {
    names.put(value.id(), name);
    define(name, value);
  }

  /** Returns the name of an int64 constant of rank 1. */
  public String constant(List<Long> values) {
    ByteBuffer data = buffer(values.size() * Long.BYTES);
    values.forEach(data::putLong);
    List<Long> dims = List.of((long) values.size());
    return constant("shape " + values, "shape_", DataType.INT64, dims, data);
  }

  /** Returns the name of an int64 constant of rank 1. */
  public String constant(long... values) {
    return constant(Arrays.stream(values).boxed().toList());
  }

  /** Returns the name of a constant of rank 0. */
  public String scalar(double value, DataType type) {
    ByteBuffer data = buffer(Double.BYTES);
    Numbers.put(data, value, type);
    return constant(type + " " + value, "scalar_", type, List.of(), data);
  }

  private String constant(
      String key, String prefix, DataType type, List<Long> dims, ByteBuffer data) {
    String known = shared.get(key);
    if (known == null) {
      ByteBuffer content = data.flip();
      known = initializer(fresh(prefix + shared.size()), type, dims, content::duplicate);
      shared.put(key, known);
    }
    return known;
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Adds an array that a translator has computed from others, such as the transpose of a weight.
   *
   * @param name of the array; made longer if it is taken
   * @param array must live until the file is written, as arrays made by its manager do
   */
  public String initializer(String name, NDArray array) {
    List<Long> dims = Arrays.stream(array.getShape().getShape()).boxed().toList();
    // A direct buffer of a view, such as a transpose, would be a copy that lives as long as the
    // trace.
    return initializer(
        fresh(name), array.getDataType(), dims, () -> littleEndian(array.toByteBuffer()));
  }

  /**
   * As {@link #initializer(String, NDArray)}, once for all calls that use the same arrays.
   *
   * @param from the arrays that it is computed from
   */
  public String initializer(String name, List<Value> from, Supplier<NDArray> array) {
    return remember(
        name + from.stream().map(Value::id).toList(), () -> initializer(name, array.get()));
  }

  private String initializer(
      String name, DataType type, List<Long> dims, Initializer.Content content) {
    OnnxTypes.elementType(type); // refuses unknown types
    initializers.put(name, new Initializer(name, type, dims, content));
    initializerOrder.add(name);
    return name;
  }

  /**
   * The engine's bytes are in the processor's order, and DJL's engines run on little-endian
   * processors only.
   */
  private static ByteBuffer littleEndian(ByteBuffer bytes) {
    return bytes.order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Returns the name of a rank 1 int64 array with these dimensions. */
  public String shape(List<DimExpr> dims) {
    if (dims.stream().allMatch(DimExpr::isConstant)) {
      return constant(dims.stream().map(DimExpr::value).toList());
    }
    return remember(
        "dims " + dims,
        () -> {
          List<String> parts = dims.stream().map(this::size).toList();
          NodeBuilder concat = helper("Concat", "shape " + dims);
          parts.forEach(concat::input);
          return concat.attribute("axis", 0L).output();
        });
  }

  /** Returns the name of an int64 array of shape (1). */
  public String size(DimExpr number) {
    if (number.isConstant()) {
      return constant(number.value());
    }
    return remember(
        "size " + number,
        () -> {
          String sum = "";
          for (var term : number.terms().entrySet()) {
            String product = "";
            for (String axis : DimExpr.factors(term.getKey())) {
              product = join("Mul", product, axisSize(axis), number);
            }
            if (product.isEmpty() || term.getValue() != 1) {
              product = join("Mul", product, constant(term.getValue()), number);
            }
            sum = join("Add", sum, product, number);
          }
          return sum;
        });
  }

  private String join(String operator, String left, String right, DimExpr number) {
    return left.isEmpty()
        ? right
        : helper(operator, "size " + number).input(left).input(right).output();
  }

  private String axisSize(String axis) {
    return remember(
        "axis " + axis,
        () -> {
          String[] source = Objects.requireNonNull(axisSources.get(axis), axis).split("\n", -1);
          String why = "size of " + axis;
          String shape =
              remember(
                  "shape of " + source[0], () -> helper("Shape", why).input(source[0]).output());
          String index = constant(Long.parseLong(source[1]));
          return helper("Gather", why).input(shape).input(index).attribute("axis", 0L).output();
        });
  }

  /** Returns the name of a number that depends on sizes, of rank 0. */
  public String scalar(DimExpr number, DataType type) {
    if (number.isConstant()) {
      return scalar((double) number.value(), type);
    }
    return remember(
        type + " size " + number,
        () -> {
          String size = size(number);
          String scalar =
              helper("Squeeze", "size " + number).input(size).input(constant(0L)).output();
          return cast(scalar, type, "size " + number);
        });
  }

  String cast(String name, DataType type, String why) {
    return type == DataType.INT64
        ? name
        : helper("Cast", why).input(name).attribute("to", OnnxTypes.elementType(type)).output();
  }

  /** Returns the array that was made under a key before, or makes it. */
  String remember(String key, Supplier<String> make) {
    String known = shared.get(key);
    if (known == null) {
      known = make.get();
      shared.put(key, known);
    }
    return known;
  }

  /** Returns the name of an array in the graph, and adds it to the graph if it is a constant. */
  public String name(Value value) {
    String known = names.get(value.id());
    if (known == null) {
      known = make(value);
      names.put(value.id(), known);
      define(known, value);
    }
    return known;
  }

  private String make(Value value) {
    TracedValue origin = value.traced();
    if (origin.kind() == Kind.RESULT && value.constant() == null) {
      throw new IllegalStateException(value + " is used before it is computed");
    }
    Constant constant = value.constant();
    if (constant != null && !(constant instanceof Constant.Literal)) {
      return ConstantNodes.add(value, constant, this);
    }
    String name = parameters.get(value.id());
    NDArray array = origin.array();
    return initializer(
        name == null ? fresh("constant_" + value.id()) : name,
        value.type(),
        value.shape().stream().map(DimExpr::value).toList(),
        () -> littleEndian(array.toByteBuffer(true))); // no copy, unless it is a view or on a GPU
  }

  String take(String name) {
    if (!taken.add(name)) {
      throw new ExportException(
          "two arrays of the graph would be named '%s'; inputs, outputs and parameters need names of their own"
              .formatted(name));
    }
    return name;
  }

  /** Returns the name, or a longer one if it is taken; for arrays that the user has not named. */
  String fresh(String name) {
    return taken.contains(name) ? fresh(name + "_") : take(name);
  }

  int nodeCount() {
    return graph.getNodeCount();
  }

  void add(NodeProto node) {
    graph.addNode(node);
  }

  /** Records that an array of the graph has the shape and type of a traced one. */
  private void define(String name, Value value) {
    traced.putIfAbsent(name, value);
  }

  void name(Value value, String name) {
    names.put(value.id(), name);
    define(name, value);
  }

  /** Ends the graph: each output gets its public name by a node of its own if need be. */
  OnnxGraph build(SymbolicTrace trace, List<String> outputNames) {
    Map<String, String> publicNames = new HashMap<>();
    for (int i = 0; i < outputNames.size(); i++) {
      Value output = trace.outputs().get(i);
      String name = name(output);
      boolean made = graph.getNodeList().stream().anyMatch(n -> n.getOutputList().contains(name));
      if (made && !publicNames.containsKey(name)) {
        publicNames.put(name, outputNames.get(i));
        traced.put(outputNames.get(i), output);
      } else { // an input or initializer returned unchanged, or the same array twice
        helper("Identity", "output").input(name).output(outputNames.get(i));
        define(outputNames.get(i), output);
      }
      graph.addOutput(OnnxTypes.describe(outputNames.get(i), output));
    }
    for (var node : graph.getNodeBuilderList()) {
      for (int i = 0; i < node.getInputCount(); i++) {
        node.setInput(i, publicNames.getOrDefault(node.getInput(i), node.getInput(i)));
      }
      for (int i = 0; i < node.getOutputCount(); i++) {
        node.setOutput(i, publicNames.getOrDefault(node.getOutput(i), node.getOutput(i)));
      }
    }
    List<Initializer> used = initializerOrder.stream().map(initializers::get).toList();
    return new OnnxGraph(opset, domains, graph.build(), used, traced);
  }
}
