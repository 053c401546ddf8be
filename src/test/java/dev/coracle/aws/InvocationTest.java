// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.CoracleException;
import dev.coracle.aws.FakeSageMaker.Reply;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InvocationTest {

  private final Path folder;
  private final TestCloud cloud = new TestCloud();
  private final Aws aws = Aws.open(null, null);

  InvocationTest(@TempDir Path folder) {
    this.folder = folder;
    new Endpoint(
            DeployOptions.builder()
                .name("digits")
                .image(TestCloud.IMAGE)
                .role(TestCloud.ROLE)
                .model("s3://elsewhere/model.tar.gz")
                .poll(Duration.ofMillis(1))
                .build())
        .deploy(aws, new Recorder());
  }

  @AfterEach
  void close() {
    aws.close();
    cloud.close();
  }

  @ParameterizedTest
  @CsvSource({
    "a.png, image/png",
    "a.JPG, image/jpeg",
    "a.jpeg, image/jpeg",
    "a.json, application/json",
    "a.csv, text/csv",
    "a.npy, application/x-npy",
    "a.raw, application/octet-stream",
  })
  void invoke_sendsTheFileWithItsType(String name, String type) throws IOException {
    byte[] content = {0, 1, -1, 127};
    Path file = Files.write(folder.resolve(name), content);
    cloud
        .sageMaker()
        .container(
            (endpoint, contentType, body) -> {
              assertThat(body).isEqualTo(content);
              return new Reply(
                  200,
                  "application/json",
                  (endpoint + " got " + contentType + "\n").getBytes(StandardCharsets.UTF_8));
            });
    assertThat(Invocation.invoke(aws, "digits", file)).isEqualTo("digits got " + type);
  }

  @Test
  void invoke_containerRefuses_showsItsOwnMessage() throws IOException {
    Path file = Files.writeString(folder.resolve("a.json"), "{");
    cloud
        .sageMaker()
        .container(
            (endpoint, type, body) ->
                new Reply(400, "", "expected an array".getBytes(StandardCharsets.UTF_8)));
    assertThatThrownBy(() -> Invocation.invoke(aws, "digits", file))
        .isInstanceOf(CoracleException.class)
        .hasMessage(
            "endpoint digits refuses %s: the container answers 400: expected an array"
                .formatted(file));
  }

  @Test
  void invoke_noSuchEndpoint_saysSo() throws IOException {
    Path file = Files.writeString(folder.resolve("a.json"), "{}");
    assertThatThrownBy(() -> Invocation.invoke(aws, "other", file))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("endpoint other")
        .hasMessageContaining("not found");
  }

  @Test
  void contentType_unknownEnding_listsTheKnown() {
    assertThatThrownBy(() -> Invocation.contentType(Path.of("a.txt")))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("a.txt")
        .hasMessageContaining(".csv, .jpeg, .jpg, .json, .npy, .png, .raw");
  }

  @Test
  void invoke_missingFile_namesIt() {
    assertThatThrownBy(() -> Invocation.invoke(aws, "digits", folder.resolve("no.png")))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("no.png does not exist");
  }
}
