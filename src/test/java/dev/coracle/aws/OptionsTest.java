// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OptionsTest {

  private static LaunchOptions.Builder launch() {
    return LaunchOptions.builder()
        .name("a")
        .bucket("bucket")
        .image(TestCloud.IMAGE)
        .role(TestCloud.ROLE);
  }

  private static DeployOptions.Builder deploy() {
    return DeployOptions.builder()
        .name("a")
        .image(TestCloud.IMAGE)
        .role(TestCloud.ROLE)
        .model("s3://bucket/model.tar.gz");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a",
        "A-b--c9",
        "0",
        "a23456789-123456789-123456789-123456789-123456789-123456789-123"
      })
  void name_asSageMakerTakesIt_isKept(String name) {
    assertThat(launch().name(name).build().name).isEqualTo(name);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-a",
        "a-",
        "a_b",
        "a.b",
        "ä",
        "a b",
        "a/b",
        "a23456789-123456789-123456789-123456789-123456789-123456789-1234"
      })
  void name_otherwise_isRefused(String name) {
    assertThatIllegalArgumentException()
        .isThrownBy(launch().name(name)::build)
        .withMessageStartingWith("name must be")
        .withMessageContaining(name);
  }

  @Test
  void at_givesAValidName() {
    String name = ResourceName.at(LocalDateTime.of(2026, 1, 2, 3, 4, 5));
    assertThat(name).isEqualTo("coracle-mnist-20260102-030405");
    assertThat(ResourceName.name(name)).isEqualTo(name);
  }

  @Test
  void role_noArn_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(launch().role("admin")::build)
        .withMessageStartingWith("role must be an ARN");
  }

  @Test
  void bucket_withScheme_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(launch().bucket("s3://bucket")::build)
        .withMessageStartingWith("bucket must be");
  }

  @Test
  void maxWait_shorterThanMaxRun_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(launch().spot(true).maxRun(100).maxWait(99)::build)
        .withMessageContaining("at least the 100 seconds");
  }

  @Test
  void maxWait_withoutSpot_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(launch().maxWait(9999)::build)
        .withMessageContaining("spot");
  }

  @Test
  void inputMode_unknown_listsTheKnown() {
    assertThatIllegalArgumentException()
        .isThrownBy(launch().inputMode("file")::build)
        .withMessage("inputMode must be File, FastFile or Pipe, got 'file'");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1023, 1500, 7168})
  void memoryMb_notOffered_isRefused(int memory) {
    assertThatIllegalArgumentException()
        .isThrownBy(deploy().serverless(true).memoryMb(memory)::build)
        .withMessageStartingWith("memoryMb must be")
        .withMessageContaining(String.valueOf(memory));
  }

  @ParameterizedTest
  @ValueSource(strings = {"s3://bucket/model.onnx", "model.zip", "no-such-file.onnx"})
  void model_ofAnotherKindOrMissing_isRefused(String model) {
    assertThatIllegalArgumentException()
        .isThrownBy(deploy().model(model).bucket("bucket")::build)
        .withMessageStartingWith("model must be")
        .withMessageContaining(model);
  }

  @Test
  void model_localWithoutBucket_isRefused(@TempDir Path folder) throws IOException {
    Path model = Files.writeString(folder.resolve("a.onnx"), "");
    assertThatIllegalArgumentException()
        .isThrownBy(deploy().model(model.toString())::build)
        .withMessageStartingWith("bucket is required");
  }
}
