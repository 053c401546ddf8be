// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static dev.coracle.onnx.ExporterArgumentsTest.namesNull;
import static dev.coracle.onnx.ExporterArgumentsTest.nothing;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.pytorch.engine.PtNDArray;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import dev.coracle.CoracleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The verifier finds what differs. */
class OnnxVerifierTest {

  private static final Shape SHAPE = new Shape(1, 6);

  private final Path file;

  OnnxVerifierTest(@TempDir Path folder) {
    this.file = folder.resolve("model.onnx");
  }

  @Test
  void verify_sizesOfAnAxisThatIsNotThere_isRefused() throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block block = linear(manager);
      exporter(block).export(file);
      OnnxVerifier verifier =
          OnnxVerifier.builder()
              .block(block)
              .file(file)
              .input("input_0", SHAPE)
              .sizes("batch", 300);
      assertThatThrownBy(verifier::verify)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("the axes [batch]; the dynamic axes are [batch_size]");
    }
  }

  /** Sums of float16 come out otherwise by some steps of it. */
  @Test
  void verify_float16_tellsTheToleranceThatItHas() throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block block = Linear.builder().setUnits(10).build();
      Shape shape = new Shape(1, 256);
      block.initialize(manager, DataType.FLOAT16, shape);
      ExportReport report =
          OnnxExporter.builder().block(block).input("x", shape, DataType.FLOAT16).export(file);
      VerificationReport verification = report.verification().orElseThrow();
      assertThat(verification.tolerance()).isEqualTo(2e-2);
      assertThat(verification.largest()).isLessThan(2e-2);
    }
  }

  @Test
  void verify_fileOfOtherWeights_isRefused() throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block block = linear(manager);
      exporter(block).export(file);
      OnnxVerifier verifier =
          OnnxVerifier.builder().block(block).file(file).input("input_0", SHAPE);
      assertThat(verifier.verify().compared())
          .extracting(sizes -> sizes.get("batch_size"))
          .containsExactly(1L, 2L, 7L, 64L);
      assertThat(verifier.sizes("batch_size", 5).verify().compared())
          .containsExactly(Map.of("batch_size", 5L));

      NDArray bias = block.getParameters().get(1).getValue().getArray();
      bias.addi(0.01);
      assertThatThrownBy(verifier::verify).isInstanceOf(ExportException.class);
      VerificationReport report = verifier.tolerance(0.02).verify();
      // A float32 near 1 in steps of 1.2e-7.
      assertThat(report.outputs().get(0).absolute()).isCloseTo(0.01, within(1e-6));
    }
  }

  @Test
  void verify_shapeTypeOrNumberOfOutputsDiffer_isRefused() throws IOException {
    exporter(Exports.lambda(x -> x.add(1))).export(file);
    List<Block> others =
        List.of(
            Exports.lambda(x -> x.add(1).reshape(-1)),
            Exports.lambda(x -> x.add(1).toType(DataType.FLOAT64, false)),
            new LambdaBlock(list -> new NDList(list.get(0).add(1), list.get(0).add(1))));
    List<String> messages = new ArrayList<>();
    for (Block other : others) {
      OnnxVerifier verifier =
          OnnxVerifier.builder().block(other).file(file).input("input_0", SHAPE);
      messages.add(messageOf(verifier));
    }
    assertThat(messages.get(0)).contains("has shape (2, 6) instead of (12)");
    assertThat(messages.get(1)).contains("is float32 instead of float64");
    assertThat(messages.get(2)).contains("the file has 1 outputs, [output_0]; the block has 2");
  }

  private static String messageOf(OnnxVerifier verifier) {
    try {
      return "no exception: " + verifier.verify();
    } catch (ExportException e) {
      return String.valueOf(e.getMessage());
    }
  }

  @Test
  void verify_sequence_freesWhatABlockHasComputedBeforeTheNext() throws IOException {
    List<Boolean> freed = new ArrayList<>();
    NDArray[] kept = new NDArray[1];
    SequentialBlock block =
        new SequentialBlock()
            .add(
                new SequentialBlock()
                    .addSingleton(
                        x -> {
                          kept[0] = x.mul(2);
                          return kept[0].add(1);
                        })
                    .addSingleton(x -> x.reshape(-1, 3, 2))) // the same memory
            .addSingleton(NDArray::duplicate)
            .addSingleton(
                x -> {
                  if (kept[0] instanceof PtNDArray array) { // not while it is traced
                    freed.add(array.isReleased());
                  }
                  return x;
                });
    exporter(block).export(file);
    VerificationReport report =
        OnnxVerifier.builder().block(block).file(file).input("input_0", SHAPE).verify();
    assertThat(report.compared()).hasSize(4);
    assertThat(freed).hasSizeGreaterThanOrEqualTo(4).containsOnly(true);
  }

  @Test
  void export_examplesThatAreViews_leavesNothingInTheirManager() throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray example = manager.ones(new Shape(6, 4)).transpose(1, 0);
      int before = ((BaseNDManager) manager).getManagedArrays().size();
      exporter(Exports.lambda(x -> x.add(1))).exampleInputs(new NDList(example)).export(file);
      assertThat(((BaseNDManager) manager).getManagedArrays()).hasSize(before);
    }
  }

  @Test
  void verify_sequenceThatKeepsAnArrayForALaterBlock_agrees() throws IOException {
    NDArray[] kept = new NDArray[1];
    SequentialBlock block =
        new SequentialBlock()
            .addSingleton(x -> x.mul(2))
            .addSingleton(
                x -> {
                  kept[0] = x;
                  return x.add(1);
                })
            .addSingleton(x -> x.mul(kept[0]));
    exporter(block).export(file);
    VerificationReport report =
        OnnxVerifier.builder().block(block).file(file).input("input_0", SHAPE).verify();
    assertThat(report.compared()).hasSize(4);
    assertThat(report.skipped()).isEmpty();
  }

  /** Such as one that keeps a view of numbers, which are freed before the view is. */
  @Test
  void verify_sequenceThatGivesOtherNumbersInParts_isComparedWhole() throws IOException {
    NDArray[] kept = new NDArray[1];
    SequentialBlock block =
        new SequentialBlock()
            .addSingleton(
                x -> {
                  kept[0] = x.mul(2);
                  return x.add(1);
                })
            .addSingleton(
                x -> kept[0] instanceof PtNDArray array && array.isReleased() ? x.mul(0) : x);
    exporter(block).export(file);
    OnnxVerifier verifier = OnnxVerifier.builder().block(block).file(file).input("input_0", SHAPE);
    assertThat(verifier.verify().compared()).hasSize(4);

    SequentialBlock other = new SequentialBlock().addSingleton(x -> x.add(2));
    assertThatThrownBy(() -> verifier.block(other).verify())
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("output_0");
  }

  /** From there on ONNX Runtime makes no second copy of the parameters; see ExportBenchmark. */
  @Test
  void verify_moreThan64MebibytesOfParameters_areLarge() throws IOException {
    int side = 4096;
    Block block = Linear.builder().setUnits(side).optBias(false).build();
    Block biased = Linear.builder().setUnits(side).build();
    try (NDManager manager = NDManager.newBaseManager()) {
      for (Block each : List.of(block, biased)) {
        each.initialize(manager, DataType.FLOAT32, new Shape(1, side));
        assertThat(BlockRunner.hasLargeParameters(each)).isEqualTo(each == biased);
      }
      ExportReport report =
          OnnxExporter.builder().block(biased).input("input_0", new Shape(1, side)).export(file);
      assertThat(report.verification().orElseThrow().compared()).hasSizeGreaterThan(3);
    }
  }

  @Test
  void verify_squeezeDropsTheBatchAtOne_isNoted() throws IOException {
    Block block = Exports.lambda(x -> x.add(1));
    exporter(block).export(file);
    Block squeezed = Exports.lambda(x -> x.add(1).squeeze());
    VerificationReport report =
        OnnxVerifier.builder().block(squeezed).file(file).input("input_0", SHAPE).verify();
    assertThat(report.notes())
        .containsExactly("output_0 has shape (1, 6) where the block's has (6)");
  }

  @Test
  void verify_notANumberOnBothSides_isEqual() throws IOException {
    Block block = Exports.lambda(x -> x.sqrt()); // NaN of what is below 0
    exporter(block).export(file);
    assertThatThrownBy(
            () ->
                OnnxVerifier.builder()
                    .block(Exports.lambda(x -> x.abs().sqrt()))
                    .file(file)
                    .input("input_0", SHAPE)
                    .verify())
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("has NaN instead of");
  }

  /** As of a network with NaN among its parameters, of which any file would do. */
  @Test
  void verify_noFiniteNumberAtAnySize_isRefused() throws IOException {
    Block nan = Exports.lambda(x -> x.mul(0).div(0));
    assertThatThrownBy(() -> exporter(nan).export(file))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("whose floating-point outputs have no finite number at any size");
    assertThat(file).doesNotExist();
    Block infinite = Exports.lambda(x -> x.abs().add(1).div(0).neg());
    assertThatThrownBy(() -> exporter(infinite).export(file)).isInstanceOf(ExportException.class);
    exporter(new LambdaBlock(x -> new NDList(x.get(0).mul(0).div(0), x.get(0)))).export(file);
  }

  /** Beside which there are zeros. */
  @Test
  void verify_infinitiesOfAMask_agree() throws IOException {
    Block mask = Exports.lambda(x -> x.gt(0).toType(DataType.FLOAT32, false).log());
    VerificationReport report = exporter(mask).export(file).verification().orElseThrow();
    assertThat(report.compared()).hasSizeGreaterThan(3);
  }

  @Test
  void verify_blockFailsOnAllRandomInputs_asksForExamples() throws IOException {
    exporter(Exports.lambda(x -> x.add(1))).export(file);
    Block picky =
        Exports.lambda(
            x -> {
              if (x.toFloatArray()[0] < 100) {
                throw new IllegalArgumentException("too small");
              }
              return x.add(1);
            });
    OnnxVerifier verifier = OnnxVerifier.builder().block(picky).file(file).input("input_0", SHAPE);
    assertThatThrownBy(verifier::verify)
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("too small; give exampleInputs");
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray example = manager.create(new float[] {101, 102, 103, 104, 105, 106}, SHAPE);
      VerificationReport report = verifier.exampleInputs(new NDList(example)).verify();
      assertThat(report.compared()).hasSize(4);
      assertThat(example.isReleased()).isFalse();
    }
  }

  @Test
  void verify_blockUninitializedOrSizeMissing_isReported() throws IOException {
    exporter(Exports.lambda(x -> x.add(1))).export(file);
    Block block = new SequentialBlock().add(Linear.builder().setUnits(2).build());
    assertThatThrownBy(
            () -> OnnxVerifier.builder().block(block).file(file).input("input_0", SHAPE).verify())
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("parameter 01Linear_weight of the block is not initialized");
    assertThatThrownBy(
            () ->
                OnnxVerifier.builder()
                    .block(Exports.lambda(x -> x.add(1)))
                    .file(file)
                    .input("input_0", new Shape(1, -1))
                    .verify())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected sizes of 1 or more in all axes but the dynamic ones");
  }

  @Test
  void verify_fileMissingOrBlockMissing_isReported() {
    Block block = Exports.lambda(x -> x.add(1));
    assertThatThrownBy(() -> OnnxVerifier.builder().block(block).input("x", SHAPE).verify())
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(
            () -> OnnxVerifier.builder().block(block).file(file).input("x", SHAPE).verify())
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("does not exist");
  }

  @Test
  void verify_oneBitOfAWeightDiffers_theDifferenceIsReported() throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block block = linear(manager);
      exporter(block).export(file);
      ModelProto.Builder model = Exports.parse(file).toBuilder();
      NodeProto gemm = Exports.node(model.build(), "Gemm");
      int index =
          model.getGraph().getInitializerList().stream()
              .map(TensorProto::getName)
              .toList()
              .indexOf(gemm.getInput(1));
      byte[] data = model.getGraph().getInitializer(index).getRawData().toByteArray();
      data[2] ^= 0x10; // of the mantissa: some per cent of one weight
      model.getGraphBuilder().getInitializerBuilder(index).setRawData(ByteString.copyFrom(data));
      Files.write(file, model.build().toByteArray());
      assertThatThrownBy(
              OnnxVerifier.builder().block(block).file(file).input("input_0", SHAPE)::verify)
          .isInstanceOf(ExportException.class);
    }
  }

  private static OnnxExporter exporter(Block block) {
    return OnnxExporter.builder().block(block).input("input_0", SHAPE);
  }

  private static Block linear(NDManager manager) {
    Block block = new SequentialBlock().add(Linear.builder().setUnits(2).build());
    block.initialize(manager, DataType.FLOAT32, SHAPE);
    return block;
  }

  @Test
  void setter_givenNull_namesTheArgument() {
    OnnxVerifier verifier = OnnxVerifier.builder();
    namesNull("block", () -> verifier.block(nothing()));
    namesNull("file", () -> verifier.file(nothing()));
    namesNull("name", () -> verifier.input(nothing(), SHAPE));
    namesNull("input", () -> verifier.dynamicAxis(nothing(), 0, "rows"));
    namesNull("input", () -> verifier.staticAxis(nothing(), 0));
    namesNull("axis", () -> verifier.sizes(nothing(), 1));
    namesNull("sizes", () -> verifier.sizes("rows", ExporterArgumentsTest.<long[]>nothing()));
    namesNull("input", () -> verifier.bound(nothing(), 1));
    namesNull("arrays", () -> verifier.exampleInputs(nothing()));
    namesNull("function", () -> verifier.prepend(nothing()));
    namesNull("function", () -> verifier.append(nothing()));
    namesNull("domains", () -> verifier.allowDomains(nothing()));
  }
}
