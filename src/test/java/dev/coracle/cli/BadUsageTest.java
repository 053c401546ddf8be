// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A command line that cannot be run gives one line that says why, and where help is. */
class BadUsageTest {

  @ParameterizedTest
  @CsvSource({
    "--epochs, -1, whole number from 1",
    "--epochs, many, whole number from 1",
    "--batch-size, 0, whole number from 1",
    "--test-batch-size, 1.5, whole number from 1",
    "--log-interval, 0, whole number from 1",
    "--threads, 0, whole number from 1",
    "--threads, 5000, whole number from 1 to 1024",
    "--lr, 0, above 0",
    "--lr, NaN, above 0",
    "--lr, Infinity, above 0",
    "--gamma, 1.1, at most 1",
    "--gamma, -0.5, at most 1",
    "--optimizer, rmsprop, adadelta",
    "--device, tpu, 'cpu, gpu, gpu:N or auto'",
    "--seed, x, seed",
    "--input-type, bf16, float32",
  })
  void train_badOption_namesOptionValueAndExpectation(
      String option, String value, String expectation) {
    assertUsageError(Cli.run("train", option, value), option, value, expectation);
  }

  @Test
  void train_localeWithOtherDigits_writesPlainOnes() throws Exception {
    Cli cli =
        Cli.forkWith(
            new String[] {"/usr/bin/env", "JDK_JAVA_OPTIONS=-Duser.language=ar -Duser.country=EG"},
            "train",
            "--threads",
            "0");
    assertThat(cli.err()).contains("expected a whole number from 1 to 1024, got '0'");
  }

  @ParameterizedTest
  @CsvSource({
    "train --epoch 3, no option '--epoch'; did you mean '--epochs'? (see coracle train --help)",
    "train --epoch=3, no option '--epoch'; did you mean '--epochs'? (see coracle train --help)",
    "classify -x a.png, no option '-x' (see coracle classify --help)",
    "train 3, unexpected argument '3' (see coracle train --help)",
    "trian, no command 'trian'; did you mean 'train'? (see coracle --help)",
    "sagemaker trian, no command 'trian'; did you mean 'train'? (see coracle sagemaker --help)",
    "datasets xyz, no command 'xyz'; expected fetch or check (see coracle datasets --help)",
  })
  void unknownArgument_isNamedWithWhatWasMeant(String line, String message) {
    assertUsageError(Cli.run((Object[]) line.split(" ")), "coracle: " + message);
  }

  @Test
  void optionBeforeTheCommand_saysWhereItBelongs() {
    assertUsageError(
        Cli.run("--epochs", "3"), "no option '--epochs' here; options come after a command");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--verbose | expected a command: train, export, verify, classify, serve, sagemaker, azure or datasets",
        "datasets | expected a command after datasets: fetch or check",
        "azure | expected a command after azure: package, run, deploy or delete",
        "sagemaker | expected a command after sagemaker: train, serve, local, launch, deploy, invoke or delete",
      })
  void group_withoutCommand_saysWhich(String line, String message) {
    assertUsageError(Cli.run(line), message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "serve --port 80a | '--port': expected a whole number from 0 to 65535, got '80a'",
        "azure run app.zip --port 70000 | '--port': expected a whole number from 0 to 65535, got '70000'",
        "train --seed x | '--seed': expected a whole number from -2147483648 to 2147483647, got 'x'",
        "train --resume=x | '--resume': expected true or false, got 'x'",
        "sagemaker local -H x | '--hyperparameter': expected NAME=VALUE, got 'x'",
      })
  void badValue_ofAnyKind_isToldInTheSameForm(String line, String message) {
    assertUsageError(
        Cli.run((Object[]) line.split(" ")), "coracle: Invalid value for option " + message);
  }

  @Test
  void classify_withoutFile_saysWhatIsMissing() {
    assertUsageError(Cli.run("classify"), "FILE");
  }

  @Test
  void fetch_badValues_areBadUsage() {
    assertUsageError(
        Cli.run("datasets", "fetch", "--region", "BAD REGION"), "--region", "BAD REGION");
    assertUsageError(
        Cli.run("datasets", "fetch", "--base-url", "ftp://x"), "--base-url", "ftp://x");
  }

  @Test
  void export_opsetOutOfRange_isBadUsage() {
    assertUsageError(
        Cli.run("export", "--opset", "22"),
        "--opset",
        "expected a whole number from 13 to 21, got '22'");
    assertUsageError(
        Cli.run("export", "--opset", "x"),
        "--opset",
        "expected a whole number from 13 to 21, got 'x'");
  }

  private static void assertUsageError(Cli cli, String... words) {
    cli.assertOneLine(2, words);
    assertThat(cli.err()).contains("--help");
  }
}
