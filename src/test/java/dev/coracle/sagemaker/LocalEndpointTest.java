// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.CoracleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an endpoint does with programs that are not as they should be. */
class LocalEndpointTest {

  @TempDir private Path folder;

  private final List<String> log = Collections.synchronizedList(new ArrayList<>());
  private Path archive = Path.of("");

  @BeforeEach
  void model() throws IOException {
    Path model = Files.createDirectories(folder.resolve("source"));
    Files.writeString(model.resolve("mnist.onnx"), "model");
    archive = folder.resolve("model.tar.gz");
    ModelArchive.pack(model, archive);
  }

  private LocalEndpoint start(List<String> program) throws InterruptedException {
    String classes =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return LocalEndpoint.start(
        program,
        Map.of("CLASSPATH", classes),
        archive,
        folder.resolve("root"),
        log::add,
        Duration.ofMillis(500));
  }

  @Test
  @Timeout(60)
  void start_programThatEnds_tellsItsStatus() {
    assertThatThrownBy(() -> start(List.of("sh", "-c", "echo why; ls model; exit 7")))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("ended with exit status 7 before it was ready");
    assertThat(log).containsExactly("why", "mnist.onnx");
  }

  @Test
  @Timeout(60)
  void start_relativeRoot_isGivenAsAnAbsoluteOne() {
    Path root = Path.of("").toAbsolutePath().relativize(folder.resolve("root"));
    List<String> program = List.of("sh", "-c", "ls \"$SAGEMAKER_BASE_DIR\"");
    assertThatThrownBy(() -> LocalEndpoint.start(program, Map.of(), archive, root, log::add))
        .isInstanceOf(CoracleException.class);
    assertThat(log).containsExactly("model");
  }

  @Test
  @Timeout(60)
  void close_programThatHasToBeKilled_fails() throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    LocalEndpoint endpoint = start(List.of(java, StubbornServer.class.getName(), "418"));
    assertThatThrownBy(() -> endpoint.invoke("text/csv", "*/*", new byte[1]))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("a request of text/csv with status 418");
    assertThatThrownBy(endpoint::close)
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("was killed");
    endpoint.close(); // a second call does nothing
  }
}
