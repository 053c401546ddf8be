// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ServerOptionsTest {

  @Test
  void build_defaultAcceptThatNothingAnswers_isRefused() {
    for (ServerOptions.Builder options :
        List.of(
            ServerOptions.builder().modelsFolder(Path.of("models")),
            ServerOptions.builder().model(Path.of("mnist.onnx")))) {
      assertThat(options.defaultAccept("text/csv").build().defaultAccept()).isEqualTo("text/csv");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> options.defaultAccept("image/png").build())
          .withMessageContaining("image/png");
    }
  }
}
