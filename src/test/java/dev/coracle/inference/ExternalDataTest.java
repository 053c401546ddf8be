// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Attacks by external data, weights in another file. The canary, outside the folder, is a FIFO: a
 * writer waits in open until someone opens it for reading, so that even a reader that fails later
 * is seen.
 */
@EnabledOnOs({OS.LINUX, OS.MAC})
class ExternalDataTest {

  private static final byte[] SIX_FLOATS =
      TestModel.floats("", List.of(6), 1, 2, 3, 4, 5, 6).getRawData().toByteArray();

  private final Path root;
  private final Path folder;
  private final Path canary;
  private final ModelOptions allowed;

  ExternalDataTest(@TempDir Path root) {
    this.root = root;
    this.folder = root.resolve("model").resolve("data");
    this.canary = root.resolve("canary");
    this.allowed = ModelOptions.builder().externalDataFolder(folder).build();
  }

  @BeforeEach
  void makeFiles() throws IOException, InterruptedException {
    Files.createDirectories(folder.resolve("sub"));
    Process mkfifo = new ProcessBuilder("mkfifo", canary.toString()).start();
    assertThat(mkfifo.waitFor()).isZero();
    Files.write(folder.resolve("weights.bin"), SIX_FLOATS);
    Files.write(folder.resolve("sub").resolve("weights.bin"), SIX_FLOATS);
  }

  @Test
  void canary_someoneOpensIt_isSeen() throws Exception {
    try (Canary watch = new Canary(canary)) {
      assertThat(watch.wasOpened()).isFalse();
      Files.newInputStream(canary).close();
      assertThat(watch.wasOpened()).isTrue();
    }
  }

  /** CVE-2022-25882 and CVE-2024-27318, paths that lead out, and what else is no plain name. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "../../canary",
        "sub/../../../canary",
        "./../../canary",
        "ROOT/canary",
        "//ROOT/canary",
        "..\\..\\canary",
        "C:\\canary",
        "C:canary",
        "sub//weights.bin",
        "weights.bin\0/../../../canary",
        "*/_ORT_MEM_ADDR_/*",
        "",
        ".",
        "sub/",
      })
  void open_locationThatIsNoPlainPath_isRefused(String location) throws Exception {
    String path = location.replace("ROOT", root.toString());
    assertRefused(model(external("w", path)), "a relative path of plain names with / between");
  }

  /** CVE-2026-34447 and CVE-2026-34446: links, of the file itself or of a folder on the way. */
  @Test
  void open_links_areRefused() throws Exception {
    Path outside = root.resolve("plain");
    Files.write(outside, SIX_FLOATS);
    Files.createSymbolicLink(folder.resolve("symbolic"), canary);
    Files.createSymbolicLink(folder.resolve("symbolic-plain"), outside);
    Files.createSymbolicLink(folder.resolve("linked"), root);
    Files.createSymbolicLink(folder.resolve("inside"), folder.resolve("weights.bin"));
    Files.createLink(folder.resolve("hard"), outside);
    Files.createLink(folder.resolve("hard-canary"), canary);
    for (String location :
        List.of(
            "symbolic",
            "symbolic-plain",
            "linked/canary",
            "linked/plain",
            "inside",
            "hard",
            "hard-canary")) {
      assertRefused(
          model(external("w", location)),
          "in a regular file of one name (no link, symbolic or hard)");
    }
  }

  @Test
  void open_folderOrPipeAsData_isRefused() throws Exception {
    Process mkfifo = new ProcessBuilder("mkfifo", folder.resolve("pipe").toString()).start();
    assertThat(mkfifo.waitFor()).isZero();
    for (String location : List.of("sub", "pipe", "weights.bin/x")) {
      assertRefused(model(external("w", location)), "external data");
    }
    assertRefused(model(external("w", "absent")), "absent does not exist");
  }

  /** CVE-2026-27489 and its like: external data where no one looks. */
  @Test
  void open_externalDataElsewhere_isRefused() throws Exception {
    TensorProto outside = external("w", "weights.bin");
    AttributeProto value =
        AttributeProto.newBuilder()
            .setName("value")
            .setType(AttributeProto.AttributeType.TENSOR)
            .setT(outside)
            .build();
    ModelBuilder constant =
        new ModelBuilder()
            .input("x", 6)
            .output("y")
            .node(ModelBuilder.nodeProto("Constant > w").addAttribute(value))
            .node("Add x w > y");
    GraphProto branch =
        new ModelBuilder().initializer(outside).node("Add x w > r").output("r").graph();
    ModelBuilder choice =
        new ModelBuilder()
            .input("x", 6)
            .typedInput("c", TensorProto.DataType.BOOL.getNumber())
            .output("y")
            .node(
                ModelBuilder.nodeProto("If c > y")
                    .addAttribute(ModelBuilder.subgraph("then_branch", branch))
                    .addAttribute(ModelBuilder.subgraph("else_branch", branch)));
    ModelProto.Builder sparse =
        new ModelBuilder().input("x", 6).output("y").node("Add x w > y").model().toBuilder();
    sparse
        .getGraphBuilder()
        .addSparseInitializerBuilder()
        .addDims(6)
        .setValues(outside)
        .setIndices(ModelBuilder.longTensor("", 0, 1, 2, 3, 4, 5));
    ModelProto.Builder training = model().toBuilder();
    training.addTrainingInfoBuilder().getAlgorithmBuilder().addInitializer(outside);
    String said = "expected the values in the file, found a reference to external data";

    assertRefused(constant.model(), said);
    assertRefused(choice.model(), said);
    assertRefused(sparse.build(), said);
    assertRefused(training.build(), said);
  }

  @Test
  void open_externalDataInFunction_isRefusedEvenIfItsDomainIsAllowed() throws Exception {
    ModelProto.Builder model = model().toBuilder();
    model.addOpsetImportBuilder().setDomain("mine").setVersion(1);
    AttributeProto value =
        AttributeProto.newBuilder()
            .setName("value")
            .setType(AttributeProto.AttributeType.TENSOR)
            .setT(external("w", "weights.bin"))
            .build();
    model
        .addFunctionsBuilder()
        .setDomain("mine")
        .setName("F")
        .addOutput("w")
        .addNode(ModelBuilder.nodeProto("Constant > w").addAttribute(value));
    ModelOptions options =
        ModelOptions.builder().allowDomains("mine").externalDataFolder(folder).build();
    Path file = write(model.build());

    assertThatThrownBy(() -> ModelFile.read(file, options))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("functions 0, node 0 (Constant), attribute 0 (\"value\"), t (\"w\")")
        .hasMessageContaining("found a reference to external data");
  }

  @Test
  void open_referenceInOneOfTheTwoFieldsOnly_isRefused() throws Exception {
    TensorProto located = external("w", "weights.bin").toBuilder().clearExternalData().build();
    TensorProto listed = external("w", "weights.bin").toBuilder().clearDataLocation().build();
    TensorProto both =
        external("w", "weights.bin").toBuilder()
            .setRawData(ByteString.copyFrom(SIX_FLOATS))
            .build();
    assertRefused(model(located), "a relative path");
    assertRefused(model(listed), "found signs of both");
    assertRefused(model(both), "found signs of both");
  }

  @Test
  void open_offsetOrLengthThatDoesNotFit_isRefused() throws Exception {
    assertRefused(model(external("w", "weights.bin", "offset", "4")), "but it has 24");
    assertRefused(model(external("w", "weights.bin", "length", "20")), "expected a length of 24");
    assertRefused(model(external("w", "weights.bin", "offset", "-4")), "a decimal number");
    assertRefused(model(external("w", "weights.bin", "offset", "1e1")), "a decimal number");
    assertRefused(model(external("w", "weights.bin", "location", "x")), "at most once");
    assertRefused(model(external("w", "weights.bin", "key", "x")), "at most once");
  }

  @Test
  void open_externalDataAboveTheLimit_isRefused() throws Exception {
    Path file = write(model(external("w", "weights.bin")));
    ModelOptions small =
        ModelOptions.builder()
            .externalDataFolder(folder)
            .maxFileBytes(Files.size(file) + 23)
            .build();

    assertThatThrownBy(() -> ModelFile.read(file, small))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("maxFileBytes");
  }

  @Test
  void open_externalDataInTheFolder_answersLikeItsInlineTwin() throws Exception {
    Tensor x = Tensor.of(new float[] {10, 20, 30, 40, 50, 60}, 6);
    Files.write(folder.resolve("late.bin"), new byte[4 + 24 + 3]);
    byte[] late = Files.readAllBytes(folder.resolve("late.bin"));
    System.arraycopy(SIX_FLOATS, 0, late, 4, 24);
    Files.write(folder.resolve("late.bin"), late);
    List<TensorProto> weights =
        List.of(
            TestModel.floats("w", List.of(6), 1, 2, 3, 4, 5, 6),
            external("w", "weights.bin"),
            external("w", "sub/weights.bin", "length", "24"),
            external("w", "late.bin", "offset", "4"));
    for (TensorProto weight : weights) {
      try (OnnxModel model = OnnxModel.open(write(model(weight)), allowed)) {
        Tensor sum = model.run(Map.of("x", x)).values().iterator().next();
        assertThat(sum.floats()).isEqualTo(FloatBuffer.wrap(new float[] {11, 22, 33, 44, 55, 66}));
      }
    }
  }

  /** ONNX Runtime gets the values, not the place: with the file gone, the session still opens. */
  @Test
  void open_fileGoneAfterReading_opensAllTheSame() throws Exception {
    ModelFile model = ModelFile.read(write(model(external("w", "weights.bin"))), allowed);
    Files.delete(folder.resolve("weights.bin"));
    Sessions.create(model, allowed).close();
  }

  /** Refused by default and with the folder allowed, and no one has opened the canary. */
  private void assertRefused(ModelProto model, String said) throws Exception {
    Path file = write(model);
    try (Canary watch = new Canary(canary)) {
      assertThatThrownBy(() -> OnnxModel.open(file, ModelOptions.DEFAULTS).close())
          .isInstanceOf(InvalidModelException.class)
          .hasMessageStartingWith(file.toString())
          .hasMessageContaining("found a reference to external data");
      assertThatThrownBy(() -> OnnxModel.open(file, allowed).close())
          .isInstanceOf(InvalidModelException.class)
          .hasMessageStartingWith(file.toString())
          .hasMessageContaining(said);
      assertThat(watch.wasOpened()).as("canary opened").isFalse();
    }
  }

  private Path write(ModelProto model) throws IOException {
    return Files.write(folder.resolve("model.onnx"), model.toByteArray());
  }

  private static ModelProto model(TensorProto... weights) {
    ModelBuilder model = new ModelBuilder().input("x", 6).output("y").node("Add x w > y");
    for (TensorProto weight : weights) {
      model.initializer(weight);
    }
    return model.model();
  }

  private static TensorProto external(String name, String location, String... more) {
    TensorProto.Builder tensor =
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(TestModel.FLOAT)
            .addDims(6)
            .setDataLocation(TensorProto.DataLocation.EXTERNAL);
    tensor.addExternalDataBuilder().setKey("location").setValue(location);
    for (int i = 0; i < more.length; i += 2) {
      tensor.addExternalDataBuilder().setKey(more[i]).setValue(more[i + 1]);
    }
    return tensor.build();
  }

  /** A writer that waits until the FIFO is opened for reading. */
  private static final class Canary implements AutoCloseable {
    private final Path fifo;
    private final Thread writer;

    Canary(Path fifo) {
      this.fifo = fifo;
      this.writer =
          new Thread(
              () -> {
                try (OutputStream out = Files.newOutputStream(fifo)) {
                  out.write("canary".getBytes(UTF_8));
                } catch (IOException e) {
                  // the reader has gone: it was opened, which is all that counts
                }
              });
      writer.start();
    }

    boolean wasOpened() throws InterruptedException {
      writer.join(50); // milliseconds
      return !writer.isAlive();
    }

    @Override
    public void close() throws IOException {
      if (writer.isAlive()) {
        Files.newInputStream(fifo).close(); // lets the writer go
      }
    }
  }
}
