// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.coracle.net.Golden;
import dev.coracle.net.Net;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Changes right graphs in one place each, and sees every one refused. */
class GraphCheckerTest {

  private static final DynamicAxes AXES =
      DynamicAxes.choose(List.of(GraphBuilder.BATCH_AXIS), Map.of(), new HashSet<>());

  private static final List<Trace> OPEN = new ArrayList<>();

  private static NDManager manager;
  private static OnnxGraph net;

  @BeforeAll
  static void traceNet() {
    manager = NDManager.newBaseManager();
    net = graph(Golden.net(manager), new Shape(1, 1, Net.SIZE, Net.SIZE));
  }

  @AfterAll
  static void closeAll() {
    OPEN.forEach(Trace::close);
    manager.close();
  }

  /** Does what the exporter does, but for the check; the traces go with the manager. */
  private static OnnxGraph graph(Block block, Shape shape) {
    InputSpec input =
        new InputSpec("x", shape, DataType.FLOAT32, Map.of(0, GraphBuilder.BATCH_AXIS));
    Translators translators = new Translators(Map.of());
    List<Trace> traces = new ArrayList<>();
    for (Map<String, Long> point : AXES.points()) {
      Trace trace =
          Tracer.trace(
              block,
              UnaryOperator.identity(),
              UnaryOperator.identity(),
              List.of(input),
              point,
              translators::isTranslated);
      traces.add(trace);
      OPEN.add(trace);
    }
    SymbolicTrace trace =
        SymbolicTrace.unify(AXES, traces, new Translators(Map.of())::isTranslated);
    GraphBuilder graph = new GraphBuilder("g", 17, trace, List.of("y"));
    trace.neededCalls().forEach(call -> translators.translate(call, graph));
    return graph.build(trace, List.of("y"));
  }

  private static void check(OnnxGraph graph) {
    GraphChecker.check(graph, AXES.points());
  }

  @Test
  void check_graphOfNet_passes() {
    check(net);
  }

  @Test
  void check_shapesOfAllArrays_areThoseOfOnnxRuntime() throws IOException, OrtException {
    Map<String, ArrayFact> facts =
        new ShapeChecker(net, Map.of(GraphBuilder.BATCH_AXIS, 5L)).check();
    GraphProto.Builder all = net.graph().toBuilder();
    for (NodeProto node : all.getNodeList()) {
      for (String output : node.getOutputList()) {
        if (!output.equals("y")) {
          all.addOutput(ValueInfoProto.newBuilder().setName(output));
        }
      }
    }
    ModelProto.Builder model = ModelProto.newBuilder().setIrVersion(8);
    model.addOpsetImportBuilder().setVersion(17);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    new ModelWriter(model.build(), withGraph(net, all), null).writeTo(bytes);

    OrtEnvironment ort = OrtEnvironment.getEnvironment();
    try (OrtSession session = ort.createSession(bytes.toByteArray());
        OnnxTensor input =
            OnnxTensor.createTensor(ort, FloatBuffer.allocate(5 * 784), new long[] {5, 1, 28, 28});
        OrtSession.Result result = session.run(Map.of("x", input))) {
      Map<String, List<Long>> expected = new TreeMap<>();
      Map<String, List<Long>> found = new TreeMap<>();
      for (var output : result) {
        OnnxTensor tensor = (OnnxTensor) output.getValue();
        expected.put(output.getKey(), Arrays.stream(tensor.getInfo().getShape()).boxed().toList());
        found.put(output.getKey(), Objects.requireNonNull(facts.get(output.getKey())).dims());
      }
      assertThat(found).isEqualTo(expected).hasSize(net.graph().getNodeCount());
    }
  }

  private static OnnxGraph withGraph(OnnxGraph graph, GraphProto.Builder changed) {
    return new OnnxGraph(
        graph.opset(), graph.domains(), changed.build(), graph.initializers(), graph.traced());
  }

  /** Changes the graph of Net, and expects a message. */
  private static void refuses(Consumer<GraphProto.Builder> change, String... message) {
    GraphProto.Builder graph = net.graph().toBuilder();
    change.accept(graph);
    assertThat(graph.build()).isNotEqualTo(net.graph());
    assertThatThrownBy(() -> check(withGraph(net, graph)))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("a fault of the exporter")
        .hasMessageContainingAll(message);
  }

  private static NodeProto.Builder node(GraphProto.Builder graph, String operator) {
    return graph.getNodeBuilderList().stream()
        .filter(node -> node.getOpType().equals(operator))
        .findFirst()
        .orElseThrow();
  }

  private static AttributeProto.Builder attribute(NodeProto.Builder node, String name) {
    return node.getAttributeBuilderList().stream()
        .filter(attribute -> attribute.getName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void check_namesOrOrder_isRefused() {
    refuses(g -> g.removeNode(0), "before it is computed");
    refuses(g -> g.addNode(0, g.getNode(3)).removeNode(4), "before it is computed");
    refuses(g -> node(g, "Relu").setOutput(0, "relu"), "before it is computed");
    refuses(g -> node(g, "Relu").setInput(0, "nothing"), "before it is computed");
    refuses(g -> g.addNode(g.getNode(0)), "two nodes have the name");
    refuses(g -> g.addNode(g.getNode(0).toBuilder().setName("again")), "computes", "again");
    refuses(g -> node(g, "Relu").clearName(), "two nodes have the name");
    refuses(g -> node(g, "Relu").setDomain("mine"), "unknown domain mine");
    refuses(g -> g.getInputBuilder(0).setName("other"), "before it is computed");
    refuses(g -> g.addInput(g.getInput(0)), "appears twice");
    refuses(g -> g.addOutput(g.getOutput(0)), "appears twice");
    refuses(g -> g.getOutputBuilder(0).setName("other"), "is not computed");
    refuses(g -> node(g, "Gemm").setInput(2, "01Conv2d_bias"), "");
  }

  @Test
  void check_initializers_isRefused() {
    List<Initializer> initializers = net.initializers();
    refusesInitializers(initializers.subList(1, initializers.size()), "before it is computed");
    List<Initializer> twice = new ArrayList<>(initializers);
    twice.add(initializers.get(0));
    refusesInitializers(twice, "has the name of another array");
    Initializer first = initializers.get(0);
    List<Initializer> unused = new ArrayList<>(initializers);
    unused.add(new Initializer("unused", first.type(), first.dims(), first.content()));
    refusesInitializers(unused, "unused is not used");
    refusesInitializers(
        replaced(new Initializer(first.name(), DataType.FLOAT64, first.dims(), first.content())),
        "expected",
        "float64");
    List<Long> dims = new ArrayList<>(first.dims());
    dims.set(0, dims.get(0) + 1);
    refusesInitializers(
        replaced(new Initializer(first.name(), first.type(), dims, first.content())),
        first.name(),
        "the block gave");
  }

  private static List<Initializer> replaced(Initializer first) {
    List<Initializer> initializers = new ArrayList<>(net.initializers());
    initializers.set(0, first);
    return initializers;
  }

  private static void refusesInitializers(List<Initializer> initializers, String... message) {
    OnnxGraph changed =
        new OnnxGraph(net.opset(), net.domains(), net.graph(), initializers, net.traced());
    assertThatThrownBy(() -> check(changed))
        .isInstanceOf(ExportException.class)
        .hasMessageContainingAll(message);
  }

  @Test
  void check_operatorsAndArity_isRefused() {
    refuses(g -> node(g, "Relu").setOpType("Rely"), "Rely", "opset 17 has no such operator");
    refuses(g -> node(g, "Relu").setOpType("Mish"), "opset 17 has no such operator"); // from 18 on
    refuses(g -> node(g, "Relu").clearInput(), "expected 1 inputs, found 0");
    refuses(g -> node(g, "Relu").addInput("x"), "expected 1 inputs, found 2");
    refuses(g -> node(g, "Relu").addOutput("more"), "expected 1 outputs, found 2");
    refuses(g -> node(g, "Gemm").addInput("x"), "expected 2 to 3 inputs, found 4");
    refuses(g -> node(g, "Relu").setInput(0, ""), "inputs 0 must not be empty");
  }

  @Test
  void check_attributes_isRefused() {
    refuses(g -> attribute(node(g, "Conv"), "strides").setName("stride"), "found stride");
    refuses(g -> node(g, "Conv").addAttribute(node(g, "Conv").getAttribute(0)), "at most once");
    refuses(
        g -> attribute(node(g, "Conv"), "group").setType(AttributeType.FLOAT).setF(1),
        "found group of type FLOAT");
    refuses(
        g -> {
          NodeProto.Builder pool = node(g, "MaxPool");
          List<AttributeProto> attributes = new ArrayList<>(pool.getAttributeList());
          attributes.removeIf(attribute -> attribute.getName().equals("kernel_shape"));
          pool.clearAttribute().addAllAttribute(attributes);
        },
        "expected the attributes [kernel_shape]");
    refuses(g -> attribute(node(g, "Conv"), "group").setI(2), "in 2 groups");
    refuses(g -> attribute(node(g, "Conv"), "kernel_shape").setInts(0, 5), "kernel_shape");
    refuses(g -> attribute(node(g, "Conv"), "pads").setInts(0, 1), "the block gave");
    refuses(g -> attribute(node(g, "Conv"), "pads").addInts(1), "values of pads");
    refuses(g -> attribute(node(g, "Conv"), "strides").setInts(1, 2), "the block gave");
    refuses(g -> attribute(node(g, "MaxPool"), "kernel_shape").setInts(0, 20), "");
    refuses(g -> attribute(node(g, "Gemm"), "transB").setI(0), "can be multiplied");
    refuses(g -> attribute(node(g, "LogSoftmax"), "axis").setI(2), "an axis from -2 to 1, found 2");
  }

  @Test
  void check_shapesAndTypes_isRefused() {
    refuses(
        g -> {
          NodeProto.Builder gemm = node(g, "Gemm");
          String weight = gemm.getInput(1);
          gemm.setInput(1, gemm.getInput(0)).setInput(0, weight);
        },
        "Gemm",
        "shapes that broadcast"); // the bias is of the wrong length
    refuses(g -> node(g, "Reshape").setOpType("Expand"), "that broadcast");
    refuses(g -> node(g, "Relu").setOpType("Not"), "is of type float32; expected [boolean]");
    refuses(g -> node(g, "Relu").setOpType("IsNaN"), "is of type boolean; the block gave");
    refuses(
        g ->
            node(g, "Relu")
                .setOpType("Cast")
                .addAttribute(
                    AttributeProto.newBuilder().setName("to").setType(AttributeType.INT).setI(7)),
        "is of type int64; the block gave");
    refuses(g -> tensor(g.getOutputBuilder(0)).setElemType(11), "is stated as float64");
    refuses(
        g -> tensor(g.getOutputBuilder(0)).getShapeBuilder().getDimBuilder(1).setDimValue(11),
        "y is stated with shape");
    refuses(
        g -> tensor(g.getOutputBuilder(0)).getShapeBuilder().getDimBuilder(0).setDimValue(3),
        "y is stated with shape");
    refuses(
        g -> tensor(g.getOutputBuilder(0)).getShapeBuilder().addDimBuilder().setDimValue(1),
        "y is stated with shape");
  }

  private static TypeProto.Tensor.Builder tensor(ValueInfoProto.Builder value) {
    return value.getTypeBuilder().getTensorTypeBuilder();
  }

  /** At one size the two would be the same. */
  @Test
  void check_targetOfReshapeForOneBatchAlone_isRefused() {
    OnnxGraph graph = graph(Exports.lambda(x -> x.reshape(-1, 2)), new Shape(1, 4));
    check(graph);
    Initializer target = graph.initializers().get(0);
    Initializer fixed =
        new Initializer(
            target.name(),
            target.type(),
            target.dims(),
            () -> {
              var data = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
              return data.putLong(2 * AXES.sizesOf(GraphBuilder.BATCH_AXIS)[0]).putLong(2).flip();
            });
    assertThatThrownBy(
            () -> check(new OnnxGraph(17, Map.of(), graph.graph(), List.of(fixed), graph.traced())))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("a target for the 32 elements of [8, 4], found [6, 2]");
  }
}
