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
}
