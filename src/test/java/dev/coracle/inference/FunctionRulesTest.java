// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static dev.coracle.inference.ModelRulesTest.SOUND;
import static dev.coracle.inference.ModelRulesTest.nested;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model's own functions: what they count as, and how much they may become. */
class FunctionRulesTest {

  private final Path folder;

  FunctionRulesTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void read_functions_countAsOperatorsOfTheirDomain() throws IOException {
    ModelProto.Builder model = SOUND.toBuilder().addFunctions(function("mine", "F", "Relu"));
    assertRefused(model, "functions 0 (\"F\"): expected a model of ONNX's operators");
    read(model.build().toByteArray(), ModelOptions.builder().allowDomains("mine").build());
    // One that gives an operator of ONNX another meaning.
    assertRefused(
        SOUND.toBuilder().addFunctions(function("", "Relu", "Neg")),
        "an operator of the domain \"\"");
  }

  @Test
  void read_functionsWithoutEnd_areRefused() throws IOException {
    ModelOptions mine = ModelOptions.builder().allowDomains("mine").build();
    ModelProto.Builder self = SOUND.toBuilder().addFunctions(function("mine", "F", "mine.F"));
    assertRefused(self.build().toByteArray(), mine, "calls nest deeper than 32, or never end");
    ModelProto.Builder overloaded = SOUND.toBuilder().addFunctions(function("mine", "F", "mine.F"));
    overloaded.getFunctionsBuilder(0).getNodeBuilder(0).setOverload("z");
    assertRefused(overloaded.build().toByteArray(), mine, "or never end");
    ModelProto.Builder laughs = SOUND.toBuilder();
    for (int i = 0; i < 30; i++) { // each calls the next twice: 2^30 nodes
      String next = i == 29 ? "Relu" : "mine.F" + (i + 1);
      laughs.addFunctions(function("mine", "F" + i, next, next));
    }
    assertRefused(laughs.build().toByteArray(), mine, "has more than 1048576 nodes");
    laughs.getFunctionsBuilder(29).clearNode(); // empty ones are called as often
    assertRefused(laughs.build().toByteArray(), mine, "has more than 1048576 nodes");
  }

  @Test
  void read_graphThatCallsLargeFunctions_isRefused() throws IOException {
    ModelOptions mine = ModelOptions.builder().allowDomains("mine").build();
    ModelProto.Builder model = SOUND.toBuilder();
    for (int i = 0; i < 20; i++) { // 2^20 nodes
      String next = i == 19 ? "Relu" : "mine.F" + (i + 1);
      model.addFunctions(function("mine", "F" + i, next, next));
    }
    read(model.build().toByteArray(), mine);
    model.getGraphBuilder().addNode(ModelBuilder.nodeProto("F1 x > a").setDomain("mine"));
    read(model.build().toByteArray(), mine);
    model.getGraphBuilder().addNode(ModelBuilder.nodeProto("F1 x > b").setDomain("mine"));
    assertRefused(model.build().toByteArray(), mine, "the graph: has more than 1048576 nodes");
  }

  /** Written out where they are called, their graphs nest within those there. */
  @Test
  void read_functionsWhoseGraphsNestDeep_areRefused() throws IOException {
    ModelOptions mine = ModelOptions.builder().allowDomains("mine").build();
    ModelProto.Builder model = SOUND.toBuilder();
    model.addFunctions(
        function("mine", "F").toBuilder().addAllNode(nested(5).getGraph().getNodeList()));
    read(model.build().toByteArray(), mine);
    ModelProto.Builder deeper = SOUND.toBuilder();
    deeper.addFunctions(
        function("mine", "F").toBuilder().addAllNode(nested(6).getGraph().getNodeList()));
    assertRefused(deeper.build().toByteArray(), mine, "graphs nest deeper than 5 levels");
    GraphProto branch =
        new ModelBuilder()
            .node(ModelBuilder.nodeProto("F x > z").setDomain("mine"))
            .output("z")
            .graph();
    model
        .getGraphBuilder()
        .addNode(
            ModelBuilder.nodeProto("If c > z")
                .addAttribute(ModelBuilder.subgraph("then_branch", branch))
                .addAttribute(ModelBuilder.subgraph("else_branch", branch)));
    assertRefused(
        model.build().toByteArray(),
        mine,
        "the graph: graphs nest deeper than 5 levels with those");
  }

  @Test
  void read_referenceToAnAttributeThatHasAValueToo_isRefused() throws IOException {
    ModelOptions mine = ModelOptions.builder().allowDomains("mine").build();
    ModelProto.Builder model = SOUND.toBuilder().addFunctions(function("mine", "F", "LeakyRelu"));
    AttributeProto.Builder alpha =
        model
            .getFunctionsBuilder(0)
            .addAttribute("slope")
            .getNodeBuilder(0)
            .addAttributeBuilder()
            .setName("alpha")
            .setType(AttributeProto.AttributeType.FLOAT)
            .setRefAttrName("slope");
    read(model.build().toByteArray(), mine);
    alpha.setF(1);
    assertRefused(
        model.build().toByteArray(),
        mine,
        "expected either a value or a reference to an attribute of the function, found both ([f])");
  }

  private static FunctionProto function(String domain, String name, String... operators) {
    FunctionProto.Builder function = FunctionProto.newBuilder().setDomain(domain).setName(name);
    function.addInput("a").addOutput("b0");
    for (int i = 0; i < operators.length; i++) {
      String[] parts = operators[i].split("\\.", -1);
      function.addNode(
          ModelBuilder.nodeProto(parts[parts.length - 1] + " a > b" + i)
              .setDomain(parts.length == 2 ? parts[0] : ""));
    }
    return function.build();
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

  private void read(byte[] bytes, ModelOptions options) throws IOException {
    ModelFile.read(Files.write(folder.resolve("model.onnx"), bytes), options);
  }
}
