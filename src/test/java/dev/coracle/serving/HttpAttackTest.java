// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.inference.TestModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Malformed requests, over sockets: each is refused in the form of all errors, or cut off. */
@Timeout(60)
class HttpAttackTest {

  private static final GoodRequest GOOD = new GoodRequest(1);
  private static InferenceServer server;

  @BeforeAll
  static void start(@TempDir Path folder) throws IOException {
    server =
        InferenceServer.start(
            ServerOptions.builder()
                .model(TestModel.mnist().write(folder.resolve("model.onnx")))
                .port(0)
                .maxBodyBytes(1 << 20)
                .build());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  static Stream<Attack> attacks() {
    return Stream.of(AttackLines.all(), AttackHeaders.all(), AttackBodies.all())
        .flatMap(each -> each);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("attacks")
  void malformedRequest_isRefusedAndServerGoesOn(Attack attack) throws IOException {
    try (RawClient client = new RawClient(server.port())) {
      client.trySend(attack.request());
      if (attack.ends()) {
        client.finish();
      }
      RawClient.Reply reply = client.reply();
      assertThat(reply == null ? Attack.CLOSED : reply.status())
          .as("%s", reply)
          .isIn(attack.statuses());
      if (reply != null && reply.status() >= 400) {
        ErrorForm.check(reply);
      }
    }
    GOOD.check(server.port());
  }
}
