// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HelpTest {

  @Test
  void help_fetch_saysHowToNameAProxy() {
    String help = Cli.run("datasets", "fetch", "--help").out().replaceAll("\\s+", " ");
    assertThat(help).contains("-Dhttps.proxyHost=HOST", "HTTPS_PROXY is not read");
  }

  @ParameterizedTest
  @ValueSource(strings = {"azure run", "azure deploy", "sagemaker invoke", "sagemaker delete"})
  void help_requiredArgument_showsNoEmptyDefault(String command) {
    String help = Cli.run((Object[]) (command + " --help").split(" ")).out();
    assertThat(help).startsWith("Usage: ").doesNotContainPattern("(?m)^ *Default: *(\\[\\])?$");
  }

  @Test
  void help_asACommand_isTheOption() {
    assertThat(Cli.run("help")).isEqualTo(Cli.run("--help"));
    assertThat(Cli.run("help", "sagemaker", "local"))
        .isEqualTo(Cli.run("sagemaker", "local", "--help"));
    assertThat(Cli.run("help").status()).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "train",
        "export",
        "verify",
        "classify",
        "serve",
        "sagemaker",
        "sagemaker train",
        "sagemaker serve",
        "sagemaker local",
        "sagemaker launch",
        "sagemaker deploy",
        "sagemaker invoke",
        "sagemaker delete",
        "azure",
        "azure package",
        "azure run",
        "azure deploy",
        "azure delete",
        "datasets",
        "datasets fetch",
        "datasets check",
      })
  void help_ofEachCommand_looksAlike(String command) {
    String help = Cli.run((Object[]) (command + " --help").strip().split(" ")).out();
    assertThat(help.replace("\r\n", "\n"))
        .containsPattern("\n\n +(--|-H|\\[?[A-Z])") // before the first option or parameter
        .containsPattern("\n +--verbose .*(\n {20,}.*)*\n +-h, --help ")
        .doesNotContainPattern("(?m)\\S.*Default:")
        .doesNotContainPattern("(?m)(~/| )\\.$"); // within a name
    if (help.contains("[COMMAND]")) {
      assertThat(help.replace("\r\n", "\n"))
          .contains("\n\nCommands:\n")
          .endsWith(("coracle " + command).strip() + " COMMAND --help tells more.\n");
    }
  }

  @Test
  void help_requiredOptions_areInTheSynopsis() {
    assertThat(Cli.run("sagemaker", "launch", "--help").out())
        .startsWith("Usage: coracle sagemaker launch --bucket=NAME --image=IMAGE [OPTIONS]");
    assertThat(Cli.run("sagemaker", "deploy", "--help").out())
        .startsWith("Usage: coracle sagemaker deploy --model=MODEL --image=IMAGE [OPTIONS]");
    assertThat(Cli.run("azure", "deploy", "--help").out())
        .startsWith("Usage: coracle azure deploy --name=NAME [OPTIONS] APP.ZIP");
  }

  @Test
  void help_ofWhatDoesNotWait_offersNoPolling() {
    assertThat(Cli.run("sagemaker", "invoke", "--help").out()).doesNotContain("--poll");
    assertThat(Cli.run("sagemaker", "delete", "--help").out())
        .containsPattern("--poll=SECONDS +Seconds between status checks\\.");
  }

  @Test
  void help_azureDelete_asksForTheNameThatThereIs() {
    assertThat(Cli.run("azure", "delete", "--help").out())
        .containsPattern("--name=NAME +The name that was given to azure deploy\\.");
  }
}
