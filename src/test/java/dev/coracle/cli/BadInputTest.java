// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each bad input gives one clear sentence and the right exit status, and loses nothing. */
class BadInputTest {

  private final Path folder;
  private final Path data;

  BadInputTest(@TempDir Path folder) {
    this.folder = folder;
    this.data =
        SmallMnist.write(folder.resolve("data"), SmallMnist.bars(40, 1), SmallMnist.bars(20, 2));
  }

  private static void assertFailure(Cli cli, String... words) {
    cli.assertOneLine(1, words);
  }

  private Cli train(Object... options) {
    Object[] all = {"train", "--data-dir", data, "--output-dir", folder.resolve("out")};
    Object[] args = Arrays.copyOf(all, all.length + options.length);
    System.arraycopy(options, 0, args, all.length, options.length);
    return Cli.run(args);
  }

  @Test
  void train_missingFolder_saysWhatWasLookedFor() {
    assertFailure(
        Cli.run("train", "--data-dir", folder.resolve("nowhere")),
        "nowhere does not exist",
        "use datasets/mnist of a checkout",
        "run 'coracle datasets fetch' and pass its folder with --data-dir");
  }

  @Test
  void train_missingFile_namesIt() throws IOException {
    Files.delete(data.resolve("t10k-labels-idx1-ubyte"));
    assertFailure(train(), "t10k-labels-idx1-ubyte");
  }

  @Test
  void train_wrongMagic_namesFileAndValue() throws IOException {
    byte[] bytes = Files.readAllBytes(data.resolve("train-images-idx3-ubyte"));
    bytes[2] = 9;
    Files.write(data.resolve("train-images-idx3-ubyte"), bytes);
    assertFailure(train(), "train-images-idx3-ubyte");
  }

  @Test
  void train_truncatedFile_namesIt() throws IOException {
    Path file = data.resolve("train-images-idx3-ubyte");
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
    assertFailure(train(), "train-images-idx3-ubyte");
  }

  @Test
  void train_moreImagesThanLabels_givesBothCounts() throws IOException {
    Files.write(data.resolve("train-labels-idx1-ubyte"), SmallMnist.labels(SmallMnist.bars(39, 1)));
    assertFailure(train(), "40", "39");
  }

  @Test
  void train_labelAbove9_namesValueAndPlace() throws IOException {
    Path file = data.resolve("train-labels-idx1-ubyte");
    byte[] bytes = Files.readAllBytes(file);
    bytes[8 + 5] = 10;
    Files.write(file, bytes);
    assertFailure(train(), "train-labels-idx1-ubyte", "10");
  }

  @Test
  void train_outputFolderIsAFile_saysSoBeforeTraining() throws IOException {
    Path file = Files.writeString(folder.resolve("out"), "precious");
    Cli cli = train();
    assertFailure(cli, "cannot write to folder", "--output-dir");
    assertThat(cli.out()).isEmpty();
    assertThat(file).hasContent("precious");
  }

  @Test
  void train_dryRunIntoAFolderThatTakesNoFiles_failsAsTheRunWould() throws IOException {
    Files.writeString(folder.resolve("file"), "");
    Path below = folder.resolve("file/out");
    Object[] dry = {"train", "--data-dir", data, "--dry-run", "--output-dir", below};
    assertFailure(Cli.run(dry), "cannot write to folder " + below, "--output-dir");
    Path name = folder.resolve("new/" + "x".repeat(300)); // longer than a name may be
    assertFailure(train("--dry-run", "--checkpoint-dir", name), "cannot write to folder " + name);
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactlyInAnyOrder(data, folder.resolve("file"));
    }
  }

  @Test
  void train_dryRunIntoNewFolders_leavesNone() throws IOException {
    Cli cli = train("--dry-run", "--checkpoint-dir", folder.resolve("new/one/two"));
    assertThat(cli.status()).as(cli.toString()).isZero();
    assertThat(cli.out())
        .contains("Dry run: training, export and verification work; nothing was written.");
    assertThat(folder.resolve("out")).doesNotExist();
    assertThat(folder.resolve("new")).doesNotExist();
  }

  @Test
  void train_dryRunWithNothingLeft_saysSo() {
    assertThat(train().status()).isZero();
    Cli cli = train("--dry-run", "--resume");
    assertThat(cli.out())
        .contains("Dry run: no step was left to train; export and verification work;")
        .doesNotContain("training, export");
  }

  @Test
  void train_gpuThatIsAbsent_isAnError() {
    Assumptions.assumeTrue(Engine.getInstance().getGpuCount() == 0, "a GPU is there");
    assertFailure(train("--device", "gpu"), "gpu", "cpu");
    assertFailure(train("--device", "gpu:7"), "gpu:7");
  }

  @Test
  void train_resumeWithoutCheckpoint_saysWhereItLooked() {
    assertFailure(
        train("--resume"),
        "no checkpoint at " + folder.resolve("out/checkpoint.zip"),
        "'coracle train' writes output/checkpoint.zip");
  }

  @Test
  void train_resumeFromOtherOptions_namesTheDifference() {
    Cli first = train("--batch-size", "20");
    assertThat(first.status()).isZero();
    assertThat(first.out().strip()) // each file, and the folder once
        .endsWith(
            "Wrote to %s: mnist.onnx, report.html (open it in a browser), metrics.jsonl, checkpoint.zip"
                .formatted(folder.resolve("out")));
    assertFailure(train("--resume", "--epochs", "2", "--batch-size", "10"), "batch size", "20");
  }

  /** The network would be trained for nothing. */
  @ParameterizedTest
  @ValueSource(strings = {"mnist.onnx", "report.html", "checkpoint.zip"})
  void train_folderWhereAFileGoes_isFoundBeforeTraining(String name) throws IOException {
    Files.createDirectories(folder.resolve("out").resolve(name));
    Cli cli = train();
    assertFailure(cli, name, "is a folder");
    assertThat(cli.out()).isEmpty();
  }

  @Test
  void train_nothingLeftAndNoMetrics_leavesTheReportAndDoesNotClaimIt() throws IOException {
    assertThat(train("--batch-size", "20").status()).isZero();
    Path report = folder.resolve("out/report.html");
    Files.writeString(report, "another");
    Path metrics = folder.resolve("out/metrics.jsonl");
    Files.move(metrics, folder.resolve("metrics"));
    Cli cli = train("--batch-size", "20", "--resume");
    assertThat(report).hasContent("another");
    assertThat(cli.out())
        .contains("report.html stays as it was")
        .doesNotContain("report.html (open");
    Files.move(folder.resolve("metrics"), metrics, StandardCopyOption.REPLACE_EXISTING);
    assertThat(train("--batch-size", "20", "--resume").out()).contains("report.html (open");
    assertThat(report).content().contains("1\u00a0epoch").doesNotContain("another");
  }

  @Test
  void train_resumed_reportHasTheEpochsBefore_orSaysThatItHasNot() throws IOException {
    Path report = folder.resolve("out/report.html");
    assertThat(train("--batch-size", "20").status()).isZero();
    assertThat(train("--batch-size", "20", "--epochs", "2", "--resume").status()).isZero();
    assertThat(report).content().contains("2\u00a0epochs").doesNotContain("resumed");
    Files.delete(folder.resolve("out/metrics.jsonl"));
    assertThat(train("--batch-size", "20", "--epochs", "3", "--resume").status()).isZero();
    assertThat(report).content().contains("epoch 3 alone, resumed");
  }

  @Test
  void check_noFolder_saysSo() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    assertThat(Cli.run("datasets", "check", folder.resolve("no")).out()).contains("does not exist");
    assertThat(Cli.run("datasets", "check", file).out()).contains("is not a folder");
  }

  @Test
  void train_lossNoLongerANumber_stopsAndKeepsWhatWasThere() throws IOException {
    assertThat(train("--batch-size", "20").status()).isZero();
    byte[] model = Files.readAllBytes(folder.resolve("out/mnist.onnx"));
    byte[] checkpoint = Files.readAllBytes(folder.resolve("out/checkpoint.zip"));

    Cli cli = train("--optimizer", "sgd", "--lr", "99999", "--epochs", "9", "--batch-size", "4");

    assertFailure(cli, "loss became", "epoch", "step");
    assertThat(folder.resolve("out/mnist.onnx")).hasBinaryContent(model);
    assertThat(folder.resolve("out/checkpoint.zip")).hasBinaryContent(checkpoint);
  }

  @Test
  void export_missingCheckpoint_saysSo() {
    Path output = folder.resolve("x.onnx");
    assertFailure(
        Cli.run("export", "--checkpoint", folder.resolve("no.zip"), "--output", output),
        "no.zip",
        "'coracle train' writes output/checkpoint.zip");
    assertThat(output).doesNotExist();
  }

  @Test
  void export_fileThatIsNoCheckpoint_saysSo() throws IOException {
    Path file = Files.writeString(folder.resolve("text.zip"), "not a zip");
    assertFailure(
        Cli.run("export", "--checkpoint", file, "--output", folder.resolve("x.onnx")), "text.zip");
  }

  @Test
  void export_outputIsAFolder_saysSo() {
    assertThat(train("--batch-size", "20").status()).isZero();
    assertFailure(
        Cli.run("export", "--checkpoint", folder.resolve("out/checkpoint.zip"), "--output", folder),
        folder.toString());
  }

  @Test
  void missingModel_saysWhatWritesOne() {
    Path model = folder.resolve("no.onnx");
    Object[][] commands = {
      {"verify", model, "--data-dir", data},
      {"classify", "--model", model, "digit.png"},
      {"serve", "--model", model, "--port", 0},
      {"azure", "package", "--model", model},
    };
    for (Object[] command : commands) {
      assertFailure(
          Cli.run(command),
          model + " does not exist; give the path of an ONNX file",
          "'coracle train' writes output/mnist.onnx");
    }
  }

  @Test
  void verify_fileThatIsNoModel_saysSo() throws IOException {
    Path file = Files.writeString(folder.resolve("text.onnx"), "not a model");
    assertFailure(Cli.run("verify", file, "--data-dir", data), "text.onnx");
  }

  @Test
  void verify_modelOfAnotherCheckpoint_disagrees() {
    assertThat(train("--batch-size", "20").status()).isZero();
    Path model = folder.resolve("out/mnist.onnx");
    Path other = folder.resolve("other");
    Cli second = Cli.run("train", "--data-dir", data, "--output-dir", other, "--seed", "2");
    assertThat(second.status()).isZero();
    assertFailure(
        Cli.run(
            "verify", model, "--data-dir", data, "--checkpoint", other.resolve("checkpoint.zip")),
        "does not agree");
  }

  @Test
  void classify_badFiles_sayWhatWasExpected() throws IOException {
    assertThat(train("--batch-size", "20").status()).isZero();
    Path model = folder.resolve("out/mnist.onnx");
    Path text = Files.writeString(folder.resolve("note.txt"), "no picture");
    Path gone = folder.resolve("gone.png");
    assertFailure(Cli.run("classify", "--model", model, text), "note.txt", "PNG");
    assertFailure(Cli.run("classify", "--model", model, gone), "gone.png");
    assertFailure(Cli.run("classify", "--model", model, folder), folder.toString());
    Path cut =
        Files.write(
            folder.resolve("cut.png"),
            Arrays.copyOf(Pictures.png(SmallMnist.bars(1, 3).image(0)), 60));
    assertFailure(Cli.run("classify", "--model", model, cut), "cut.png");
  }

  @Test
  void failure_verbose_addsTheStackTrace() {
    Cli cli = Cli.run("--verbose", "train", "--data-dir", folder.resolve("nowhere"));
    assertThat(cli.status()).isEqualTo(1);
    assertThat(cli.err()).startsWith("coracle: ").contains("CoracleException", "\tat ");
  }
}
