// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.coracle.dataset.ImageSet;
import dev.coracle.dataset.Mnist;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that must give the same bytes, and sets that are not MNIST, on small data. */
class RepeatableIT {

  private final Path folder;

  RepeatableIT(@TempDir Path folder) {
    this.folder = folder;
  }

  private Path model(Path data, String name, Object... options) throws Exception {
    Path output = folder.resolve(name);
    Object[] args = new Object[7 + options.length];
    Object[] fixed = {"train", "--data-dir", data, "--output-dir", output, "--threads", "1"};
    System.arraycopy(fixed, 0, args, 0, fixed.length);
    System.arraycopy(options, 0, args, fixed.length, options.length);
    Cli cli = Cli.fork(args);
    assertThat(cli.status()).as(cli.toString()).isZero();
    return output.resolve("mnist.onnx");
  }

  private Path smallMnist() {
    Mnist mnist = Mnist.read(Path.of("datasets/mnist"));
    ImageSet train = mnist.train().first(1000);
    return SmallMnist.write(folder.resolve("data"), train, mnist.test().first(200));
  }

  @Test
  void train_sameSeedOneThread_givesTheSameBytes() throws Exception {
    Path data = smallMnist();
    Path first = model(data, "first");
    assertThat(model(data, "second")).hasSameBinaryContentAs(first);
    assertThat(Files.mismatch(model(data, "other", "--seed", "99"), first)).isNotEqualTo(-1);
  }

  @Test
  void train_resumed_givesTheBytesOfAnUninterruptedRun() throws Exception {
    Path data = smallMnist();
    Path whole = model(data, "whole", "--epochs", "2");
    model(data, "halves", "--epochs", "1");
    Path resumed = model(data, "halves", "--epochs", "2", "--resume");
    assertThat(resumed).hasSameBinaryContentAs(whole);
  }

  /** Fashion-MNIST's files have MNIST's names and form; torchvision keeps them in this folder. */
  @Test
  void train_anotherSetInTorchvisionsFolder_learnsIt() throws Exception {
    Path root = folder.resolve("torchvision");
    SmallMnist.write(
        root.resolve("FashionMNIST/raw"), SmallMnist.bars(2000, 1), SmallMnist.bars(400, 2));

    Cli cli = Cli.fork("train", "--data-dir", root, "--output-dir", folder.resolve("bars"));

    assertThat(cli.status()).as(cli.toString()).isZero();
    assertThat(cli.out()).contains("Accuracy: 400/400", "same digit for 400 of 400 images");
  }

  @Test
  void train_dryRun_writesNothing() throws Exception {
    Path output = folder.resolve("dry");

    Cli cli = Cli.fork("train", "--data-dir", smallMnist(), "--output-dir", output, "--dry-run");

    assertThat(cli.status()).as(cli.toString()).isZero();
    assertThat(cli.out()).contains("Dry run");
    assertThat(output).doesNotExist();
  }

  private static Cli shell(String script, Object... args) throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "needs bash");
    return Cli.forkWith(new String[] {"/bin/bash", "-c", script, "bash"}, args);
  }

  @Test
  void output_nobodyReadsIt_endsAsOtherProgramsDo() throws Exception {
    Cli cli = shell("set -o pipefail; \"$@\" | true", "datasets", "check");
    assertThat(cli.err()).isEmpty();
    assertThat(cli.status()).isEqualTo(141);
  }

  @Test
  void output_noSpaceForIt_saysSo() throws Exception {
    assumeTrue(Files.exists(Path.of("/dev/full")));
    Cli cli = shell("exec \"$@\" > /dev/full", "datasets", "check");
    assertThat(cli.err()).startsWith("coracle: the output could not be written to its end: ");
    assertThat(cli.status()).isEqualTo(1);
  }

  @Test
  void path_thatTheLocaleCannotWrite_saysWhatToSet() throws Exception {
    Cli cli = shell("LC_ALL=C exec \"$@\" \"$(printf 'x\\303\\274')\"", "train", "--output-dir");
    assertThat(cli.err())
        .startsWith("coracle: Invalid value for option '--output-dir'")
        .contains("expected a path", "set LC_ALL=C.UTF-8");
    assertThat(cli.err().lines()).hasSize(1);
    assertThat(cli.status()).isEqualTo(2);
  }

  @Test
  void train_memoryTooSmall_saysSoInOneSentence() throws Exception {
    Cli cli =
        Cli.forkWith(
            new String[] {"/usr/bin/env", "JDK_JAVA_OPTIONS=-Xmx40m"},
            "train",
            "--output-dir",
            folder.resolve("small"));
    assertThat(cli.status()).as(cli.toString()).isEqualTo(1);
    assertThat(cli.err()).contains("coracle: out of memory (").doesNotContain("\tat ");
  }

  /** A limit on the size of files fails a write half-way, as a full disk does. */
  @Test
  void train_fileCannotBeWrittenWhole_keepsTheEarlierFiles() throws Exception {
    Path data = smallMnist();
    Path model = model(data, "full");
    byte[] before = Files.readAllBytes(model);
    Path checkpoint = model.resolveSibling("checkpoint.zip");
    byte[] checkpointBefore = Files.readAllBytes(checkpoint);

    Cli cli = limited(2_000, data, folder.resolve("full"));

    assertThat(cli.status()).as(cli.toString()).isEqualTo(1);
    assertThat(cli.err()).startsWith("coracle: cannot write ").contains("as it was");
    assertThat(model).hasBinaryContent(before);
    assertThat(checkpoint).hasBinaryContent(checkpointBefore);
    try (var files = Files.list(folder.resolve("full"))) {
      assertThat(files.map(f -> f.getFileName().toString())).noneMatch(f -> f.endsWith(".tmp"));
    }
  }

  private static Cli limited(int kibibytes, Path data, Path output)
      throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "needs bash for ulimit");
    return Cli.forkWith(
        new String[] {"/bin/bash", "-c", "ulimit -f " + kibibytes + "; exec \"$@\"", "bash"},
        "train",
        "--data-dir",
        data,
        "--output-dir",
        output,
        "--seed",
        "3");
  }
}
