// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeploymentOptionsTest {

  private static DeploymentOptions named(String name) {
    return DeploymentOptions.builder().name(name).build();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ab",
        "A1",
        "a-b",
        "a--b",
        "digits-of-0-and-more-and-more-and-more-and-more-and-more-60"
      })
  void build_nameThatAzureTakes_hasGroupAndStorageAccount(String name) {
    DeploymentOptions options = named(name);
    assertThat(options.resourceGroup).isEqualTo("coracle-" + name);
    assertThat(options.storageAccount).matches("[a-z0-9]{3,24}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a",
        "-ab",
        "ab-",
        "a_b",
        "a.b",
        "a b",
        "--yes",
        "ä1",
        "@file",
        "a\nb",
        "digits-of-0-and-more-and-more-and-more-and-more-and-more-and-61"
      })
  void build_nameThatAzureRefuses_throws(String name) {
    assertThatThrownBy(() -> named(name))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("name must be 2 to 60 letters");
  }

  @Test
  void build_noName_throws() {
    assertThatThrownBy(() -> DeploymentOptions.builder().build()).hasMessage("name is required");
  }

  @Test
  void build_namesAlike_haveStorageAccountsOfTheirOwn() {
    assertThat(named("a-bc").storageAccount).isNotEqualTo(named("ab-c").storageAccount);
    assertThat(named("digits-of-the-world-1").storageAccount)
        .isNotEqualTo(named("digits-of-the-world-2").storageAccount);
    assertThat(named("Digits").storageAccount).isEqualTo(named("digits").storageAccount);
  }

  @ParameterizedTest
  @ValueSource(strings = {"-x", "x.", ".x", "a b", "", "a/b"})
  void build_groupThatAzureRefuses_throws(String group) {
    assertThatThrownBy(() -> DeploymentOptions.builder().name("ab").resourceGroup(group).build())
        .hasMessageStartingWith("resourceGroup must be");
  }

  @ParameterizedTest
  @ValueSource(strings = {"16", "8", "1.8", "17.0", "lts", "-1"})
  void build_javaThatCannotRunThis_throws(String version) {
    assertThatThrownBy(() -> DeploymentOptions.builder().name("ab").runtimeVersion(version).build())
        .hasMessageStartingWith("runtimeVersion must be");
  }
}
