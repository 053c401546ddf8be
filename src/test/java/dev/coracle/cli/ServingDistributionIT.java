// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.inference.TestModel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The smaller folder that {@code mvn package -Pserving-only} makes; runs in that profile. */
class ServingDistributionIT {

  private static final int MAX_MEGABYTES = 60;

  private final Distribution dist = Distribution.named("serving-dist");
  private final Path folder;

  ServingDistributionIT(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void folder_hasNothingForTraining_andIsSmall() throws Exception {
    assertThat(dist.names("lib"))
        .anyMatch(name -> name.startsWith("jetty-server"))
        .noneMatch(
            name -> name.matches("(pytorch|api-|basicdataset|tribuo|xchart|s3-|sagemaker).*"));
    assertThat(dist.megabytes()).isLessThan(MAX_MEGABYTES);
  }

  @Test
  void serve_sigterm_endsWithStatus0AndLeavesNothing() throws Exception {
    dist.serveAndStop(folder);
  }

  @Test
  void classify_picture_works() throws Exception {
    Path model = TestModel.mnist().write(folder.resolve("model.onnx"));
    Path picture = Files.write(folder.resolve("black.png"), Pictures.png(new byte[784]));
    Cli cli = dist.run("coracle", "classify", "--model", model, picture);
    assertThat(cli.status()).as(cli.toString()).isZero();
    assertThat(cli.out()).contains("black.png");
  }

  @Test
  void help_listsTheCommands() throws Exception {
    Cli cli = dist.run("coracle", "--help");
    assertThat(cli.status()).as(cli.toString()).isZero();
    assertThat(cli.out()).contains("train", "serve");
  }

  @ParameterizedTest
  @ValueSource(strings = {"train", "export", "sagemaker local"})
  void train_saysWhichDistributionHasIt(String command) throws Exception {
    Cli cli = dist.run("coracle", (Object[]) command.split(" "));
    assertThat(cli.err())
        .startsWith("coracle: this is the serving-only distribution")
        .contains("the full distribution has this command");
    assertThat(cli.status()).isEqualTo(1);
    assertThat(cli.out()).isEmpty();
  }
}
