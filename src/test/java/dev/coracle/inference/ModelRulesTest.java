// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TypeProto;
import com.google.protobuf.ByteString;
import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is refused inside a model, and where the message says it is. */
class ModelRulesTest {

  static final ModelProto SOUND =
      new ModelBuilder().input("x", 1, 6).output("y").weights("w", 6).node("Add x w > y").model();

  private final Path folder;

  ModelRulesTest(@TempDir Path folder) {
    this.folder = folder;
  }

  /** Bytes after a sound model: its fields go on, so each is a damaged end of the file. */
  @Test
  void read_brokenFields_saysWhere() throws IOException {
    int end = SOUND.toByteArray().length;
    String at = "byte " + end + ": ";
    assertBroken(at + "a number that begins here is cut off", 0x80);
    assertBroken(at + "expected a field number from 1", 0x02, 0);
    assertBroken(
        "byte %d: a number that begins here has more than 64 bits".formatted(end + 1),
        0x28,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0x7f);
    assertBroken(at + "field 5 has wire type 3, a protobuf group", 0x2b, 0x2c);
    assertBroken(at + "field 2 says that it has 5 bytes, but 1 are left", 0x12, 5, 'a');
    assertBroken(at + "ModelProto.model_version has wire type 2, expected 0", 0x2a, 0);
    assertBroken(at + "ModelProto.ir_version occurs a second time", 0x08, 8);
    assertBroken(at + "ModelProto.graph occurs a second time", 0x3a, 0);
    assertBroken(at + "ModelProto.doc_string is no text in UTF-8", 0x32, 1, 0xff);
    assertBroken(at + "ModelProto.doc_string is no text in UTF-8", 0x32, 3, 0xed, 0xa0, 0x80);
  }

  @Test
  void read_fieldsOfLaterVersions_areSkipped() throws IOException {
    // Field 100 as a number and as bytes, and the device configurations of ONNX 1.18.
    read(with(0xa0, 0x06, 1, 0xa2, 0x06, 2, 0xff, 0xff, 0xd2, 0x01, 2, 0x10, 1));
  }

  @Test
  void read_twoChoicesOfOne_isRefused() throws IOException {
    ModelProto.Builder model = SOUND.toBuilder();
    TypeProto.Builder type = model.getGraphBuilder().getInputBuilder(0).getTypeBuilder();
    byte[] second = type.build().toByteArray(); // tensor_type again
    ByteString both = type.build().toByteString().concat(ByteString.copyFrom(new byte[] {0x22, 0}));
    assertThatThrownBy(() -> MessageStructure.check(valueInfo(both.toByteArray())))
        .hasMessageContaining("TypeProto.sequence_type is a second choice");
    assertThatThrownBy(
            () ->
                MessageStructure.check(
                    valueInfo(
                        ByteString.copyFrom(second)
                            .concat(ByteString.copyFrom(second))
                            .toByteArray())))
        .hasMessageContaining("TypeProto.tensor_type occurs a second time");
  }

  @Test
  void read_deeplyNested_isRefused() throws IOException {
    TypeProto type = TypeProto.getDefaultInstance();
    for (int i = 0; i < 25; i++) {
      TypeProto.Builder outer = TypeProto.newBuilder();
      outer.getSequenceTypeBuilder().setElemType(type);
      type = outer.build();
    }
    ModelProto.Builder model = SOUND.toBuilder();
    model.getGraphBuilder().addValueInfoBuilder().setName("deep").setType(type);
    assertRefused(model, "messages nest deeper than 40 levels");
  }

  /** ONNX Runtime died on eight levels, the last a Loop, when it took the branches in. */
  @Test
  void read_graphsNestedDeep_areRefused() throws IOException {
    read(nested(5).toByteArray());
    assertRefused(nested(6).toBuilder(), "graphs nest deeper than 5 levels");
  }

  static ModelProto nested(int levels) {
    NodeProto.Builder inner = ModelBuilder.nodeProto("Relu x > y");
    for (int i = 0; i < levels; i++) {
      GraphProto branch = new ModelBuilder().node(inner).output("y").graph();
      inner =
          ModelBuilder.nodeProto("If c > y")
              .addAttribute(ModelBuilder.subgraph("then_branch", branch))
              .addAttribute(ModelBuilder.subgraph("else_branch", branch));
    }
    return new ModelBuilder()
        .input("x", 6)
        .typedInput("c", DataType.BOOL.getNumber())
        .node(inner)
        .output("y")
        .model();
  }

  @Test
  void read_operatorOfAnotherDomain_isRefusedWhereverItIs() throws IOException {
    ModelProto.Builder model = SOUND.toBuilder();
    model.getGraphBuilder().getNodeBuilder(0).setDomain("com.example").setName("sum");
    assertRefused(
        model,
        "graph, node 0 (Add \"sum\"): expected an operator of ONNX, found one of the domain \"com.example\"");

    GraphProto branch =
        new ModelBuilder()
            .node(ModelBuilder.nodeProto("Relu x > r").setDomain("com.example"))
            .output("r")
            .graph();
    ModelProto nested =
        SOUND.toBuilder()
            .setGraph(
                SOUND.getGraph().toBuilder()
                    .addNode(
                        ModelBuilder.nodeProto("If c > z")
                            .addAttribute(ModelBuilder.subgraph("then_branch", branch))))
            .build();
    assertRefused(
        nested.toBuilder(),
        "graph, node 1 (If), attribute 0 (\"then_branch\"), g, node 0 (Relu): expected an operator of ONNX");
  }

  /** An operator of another domain may be named like one of ONNX's and do anything. */
  @Test
  void read_operandFromAnotherDomainsIdentity_isNotBelieved() throws IOException {
    ModelOptions other = ModelOptions.builder().allowDomains("other").build();
    ModelBuilder model =
        new ModelBuilder()
            .input("x", 1, 4, 8, 8)
            .floats("four", 1, 1, 2, 2)
            .output("y")
            .node(ModelBuilder.nodeProto("Identity four > s").setDomain("other"))
            .node("Resize x _ s > y");
    assertRefused(model.model().toByteArray(), other, "found a shape that the file does not tell");
  }

  @Test
  void read_metadataThatSetOptions_isRefused() throws IOException {
    ModelProto.Builder model = SOUND.toBuilder();
    model.addMetadataPropsBuilder().setKey("ort_config").setValue("{}");
    assertRefused(model, "expected metadata that only describe the model, found ort_config");
  }

  /** A shape of 100,000 axes, kept for each of 2,000 nodes, would be 1.6 GB. */
  @Test
  void read_hugeShape_takesLittleMemory() throws IOException {
    long[] axes = new long[100_000];
    Arrays.fill(axes, 2);
    ModelBuilder many = new ModelBuilder().input("x", axes).output("y").node("Relu x > y");
    for (int i = 0; i < 2_000; i++) {
      many.node("Slice x > s" + i);
    }
    byte[] bytes = many.model().toByteArray();
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    read(bytes);
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(300_000_000);
  }

  @Test
  void read_attributeThatIsNotWhatItsTypeSays_isRefused() throws IOException {
    AttributeProto sound = ModelBuilder.attribute("alpha:f=1");
    String said =
        "attribute 0 (\"alpha\"): expected a value in field f and no other, as its type says";
    assertRefused(leaky(sound.toBuilder().setI(1)), said);
    assertRefused(leaky(sound.toBuilder().clearF().setI(1)), said);
    assertRefused(leaky(sound.toBuilder().clearType()), "expected a type from 1 to 14, found 0");
    assertRefused(leaky(sound.toBuilder().clearName()), "expected a name, found none");
    assertRefused(
        leaky(sound.toBuilder().clearF().clearType().setRefAttrName("a")),
        "outside of any function");
    assertRefused(
        leaky(sound.toBuilder().clearF().setType(AttributeType.GRAPH)), "in field g and no other");
    ModelProto.Builder twice = leaky(sound.toBuilder());
    twice.getGraphBuilder().getNodeBuilder(0).addAttribute(sound);
    assertRefused(twice, "expected each attribute once, found \"alpha\" twice");
  }

  record Tensor(String said, TensorProto.Builder tensor) {}

  static List<Tensor> tensors() {
    TensorProto sound = TestModel.floats("w", List.of(6), 1, 2, 3, 4, 5, 6);
    TensorProto typed =
        sound.toBuilder().clearRawData().addAllFloatData(List.of(1f, 2f, 3f, 4f, 5f, 6f)).build();
    TensorProto bool =
        TensorProto.newBuilder()
            .setName("w")
            .setDataType(DataType.BOOL.getNumber())
            .addDims(2)
            .setRawData(ByteString.copyFrom(new byte[] {1, 2}))
            .build();
    return List.of(
        new Tensor(
            "expected 28 bytes of raw_data for type FLOAT and shape [7], found 24",
            sound.toBuilder().setDims(0, 7)),
        new Tensor("found 24", sound.toBuilder().setDims(0, 5)),
        new Tensor("expected a shape of sizes from 0", sound.toBuilder().setDims(0, -6)),
        new Tensor(
            "expected a shape of sizes from 0 that fits into memory",
            sound.toBuilder().addDims(1L << 40).addDims(1L << 40)),
        new Tensor("fits into memory", sound.toBuilder().addDims(Long.MAX_VALUE)),
        new Tensor("at most 64 dimensions", sound.toBuilder().addAllDims(longs(64))),
        new Tensor("a data_type from 1 to 26, found 0", sound.toBuilder().clearDataType()),
        new Tensor("a data_type from 1 to 26, found 27", sound.toBuilder().setDataType(27)),
        new Tensor(
            "expected 5 values of float_data for type FLOAT and shape [5], found 6",
            typed.toBuilder().setDims(0, 5)),
        new Tensor(
            "in raw_data or in float_data, not both",
            typed.toBuilder().setRawData(sound.getRawData())),
        new Tensor("in raw_data or in int64_data", typed.toBuilder().setDataType(7)),
        new Tensor("in raw_data or in string_data", sound.toBuilder().setDataType(8)),
        new Tensor(
            "expected a whole tensor, found a segment",
            sound.toBuilder().setSegment(TensorProto.Segment.newBuilder().setEnd(1))),
        new Tensor("expected 0 or 1 for each bool, found 2", bool.toBuilder()));
  }

  @ParameterizedTest
  @MethodSource("tensors")
  void read_tensorThatDoesNotFitItsData_isRefused(Tensor given) throws IOException {
    ModelProto.Builder model = SOUND.toBuilder();
    model.getGraphBuilder().setInitializer(0, given.tensor());
    assertRefused(model, "graph, initializer 0 (\"w\"): ");
    assertRefused(model, given.said());
  }

  @Test
  void read_sparseTensorThatIsNone_isRefused() throws IOException {
    TensorProto values = TestModel.floats("k", List.of(2), 1, 2);
    assertRefused(
        sparse(values, ModelBuilder.longTensor("", 1, 6), 6), "indices from 0 to 5, found 6");
    assertRefused(sparse(values, ModelBuilder.longTensor("", -1, 2), 6), "found -1");
    assertRefused(sparse(values, ModelBuilder.longTensor("", 1), 6), "INT64 indices of shape [2]");
    assertRefused(sparse(values, values, 6), "INT64 indices");
    assertRefused(sparse(values, ModelBuilder.longTensor("", 1, 2), 1L << 33), "when written out");
    assertRefused(
        sparse(values, ModelBuilder.longTensor("", 1, 2), 1L << 33), "graph, sparse_initializer 0");
  }

  @Test
  void read_namesInMessages_areMadeHarmless() throws IOException {
    ModelProto.Builder model = SOUND.toBuilder();
    model.getGraphBuilder().getNodeBuilder(0).setDomain("a\n\u001b[31m\u202e" + "b".repeat(500));
    assertRefused(model, "the domain \"a??[31m?" + "b".repeat(72) + "…\"; if");
  }

  private static List<Long> longs(int count) {
    return java.util.Collections.nCopies(count, 1L);
  }

  /** Each fits alone. */
  @Test
  void read_sparseTensorsThatAreTooMuchTogether_areRefused() throws IOException {
    TensorProto one = ModelBuilder.longTensor("", 1);
    ModelBuilder model = new ModelBuilder().input("x", 1, 6).output("y").node("Neg x > y");
    for (int i = 0; i < 6; i++) { // 200 MB each, of 1 GiB
      model.sparse("s" + i, one, 25_000_000);
    }
    assertRefused(model.model().toBuilder(), "graph, sparse_initializer 5");
  }

  @Test
  void read_moreThanAMillionNodes_areRefused() throws IOException {
    ByteArrayOutputStream graph = new ByteArrayOutputStream();
    GraphProto.newBuilder(SOUND.getGraph()).clearNode().build().writeTo(graph);
    byte[] node = {0x0a, 3, 0x22, 1, 'Q'};
    for (int i = 0; i <= FunctionRules.MAX_NODES; i++) {
      graph.write(node);
    }
    ModelProto many = SOUND.toBuilder().setGraph(GraphProto.parseFrom(graph.toByteArray())).build();
    assertRefused(many.toBuilder(), "expected at most 1048576 nodes, found 1048577");
  }

  @Test
  void read_moreOperandsThanAnyoneGives_areRefused() throws IOException {
    ModelProto.Builder model = SOUND.toBuilder();
    NodeProto.Builder node = model.getGraphBuilder().getNodeBuilder(0);
    for (int i = 0; i < 1 << 16; i++) {
      node.addInput("");
    }
    assertRefused(model, "expected at most 65536 inputs, found 65538");
  }

  /** The binding for Java gives and takes other names than these. */
  @Test
  void read_namesThatJavaCannotGive_areRefused() throws IOException {
    for (String name : List.of("x\ud83d\ude00", "x\u0000")) {
      ModelProto.Builder input = SOUND.toBuilder();
      input.getGraphBuilder().getInputBuilder(0).setName(name);
      assertRefused(input, "graph, input");
      ModelProto.Builder output = SOUND.toBuilder();
      output.getGraphBuilder().getOutputBuilder(0).setName(name);
      assertRefused(output, "graph, output");
    }
  }

  private static ModelProto.Builder sparse(TensorProto values, TensorProto indices, long... dims) {
    ModelProto.Builder model = SOUND.toBuilder();
    var sparse = model.getGraphBuilder().addSparseInitializerBuilder();
    for (long dim : dims) {
      sparse.addDims(dim);
    }
    sparse.setValues(values).setIndices(indices);
    return model;
  }

  private static ModelProto.Builder leaky(AttributeProto.Builder attribute) {
    return new ModelBuilder()
            .input("x", 1, 6)
            .output("y")
            .node(ModelBuilder.nodeProto("LeakyRelu x > y").addAttribute(attribute))
            .model()
            .toBuilder();
  }

  private static ByteBuffer valueInfo(byte[] type) throws IOException {
    byte[] info = field(2, type);
    byte[] graph = field(11, info);
    return ByteBuffer.wrap(field(7, graph));
  }

  private static byte[] field(int number, byte[] content) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(number << 3 | 2);
    out.write(content.length); // below 128 here
    out.write(content);
    return out.toByteArray();
  }

  private static byte[] with(int... more) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(SOUND.toByteArray());
    for (int value : more) {
      out.write(value);
    }
    return out.toByteArray();
  }

  private void assertBroken(String said, int... more) throws IOException {
    assertRefused(with(more), ModelOptions.DEFAULTS, said);
  }

  private void assertRefused(ModelProto.Builder model, String said) throws IOException {
    assertRefused(model.build().toByteArray(), ModelOptions.DEFAULTS, said);
  }

  private void assertRefused(byte[] bytes, ModelOptions options, String said) throws IOException {
    assertThatThrownBy(() -> read(bytes, options))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageStartingWith(folder.toString())
        .hasMessageContaining(said);
  }

  private void read(byte[] bytes) throws IOException {
    read(bytes, ModelOptions.DEFAULTS);
  }

  private void read(byte[] bytes, ModelOptions options) throws IOException {
    ModelFile.read(Files.write(folder.resolve("model.onnx"), bytes), options);
  }
}
