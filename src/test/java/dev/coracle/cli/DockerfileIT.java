// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What can be told of the image's recipe without a container engine. */
class DockerfileIT {

  private final Distribution dist = Distribution.named("dist");

  /** Returns the instructions of a kind, each on one line, without its first word. */
  private List<String> instructions(String kind) throws IOException {
    String text = Files.readString(dist.folder().resolve("Dockerfile"));
    return text.replaceAll("(?m)^#.*\\R", "")
        .replaceAll("\\\\\\R\\s*", "")
        .lines()
        .filter(line -> line.startsWith(kind + " "))
        .map(line -> line.substring(kind.length() + 1))
        .toList();
  }

  @Test
  void copy_fromTheContext_namesWhatTheDistributionHas() throws IOException {
    assertThat(instructions("COPY").stream().filter(copy -> !copy.startsWith("--from=")))
        .isNotEmpty()
        .allSatisfy(copy -> assertThat(dist.folder().resolve(copy.replaceAll(" .*", ""))).exists());
  }

  @Test
  void from_everyBase_isPinned() throws IOException {
    assertThat(instructions("FROM")).hasSize(2).allMatch(from -> from.matches("\\S+:17-\\S+.*"));
  }

  /** A shell in between would keep SIGTERM to itself. */
  @Test
  void entryPoint_isInExecFormAndThere() throws IOException {
    assertThat(instructions("ENTRYPOINT"))
        .containsExactly("[\"/opt/coracle/bin/coracle\", \"sagemaker\"]");
    assertThat(instructions("CMD")).containsExactly("[\"train\"]");
    assertThat(dist.folder().resolve("bin/coracle")).isExecutable();
    assertThat(instructions("ENV").get(0)).startsWith("PATH=/opt/coracle/bin:");
  }

  @Test
  void labels_tellSageMakerWhatTheServerCan() throws IOException {
    assertThat(instructions("LABEL").get(0))
        .contains(
            "com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true",
            "com.amazonaws.sagemaker.capabilities.multi-models=true");
  }
}
