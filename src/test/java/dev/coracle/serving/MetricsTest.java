// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.CoracleException;
import dev.coracle.inference.TestModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What {@code GET /metrics} shows of requests and reloads. */
class MetricsTest extends ServerFixture {

  private static final String REQUESTS = "http_server_requests_seconds";
  private static final String GOOD = "{method=\"POST\",status=\"200\",uri=\"/invocations\"}";
  private static final String UNKNOWN = "{method=\"GET\",status=\"404\",uri=\"none\"}";

  /** Returns the lines of one metric. */
  private List<String> lines(InferenceServer server, String start) throws IOException {
    RawClient.Reply reply = connect(server).send(get("/metrics")).get();
    return reply.text().lines().filter(line -> line.startsWith(start)).toList();
  }

  private double value(InferenceServer server, String name) throws IOException {
    return lines(server, name + " ").stream()
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
        .sum();
  }

  @Test
  void requests_eachOutcome_areCountedByRouteMethodAndStatus() throws Exception {
    InferenceServer server = fast(o -> o);
    RawClient client = connect(server);
    long start = System.nanoTime();
    for (int i = 0; i < 3; i++) {
      assertThat(client.send(new GoodRequest(i).bytes()).get().status()).isEqualTo(200);
    }
    // A path that anybody can make up is no label.
    assertThat(client.send(get("/nothing")).get().status()).isEqualTo(404);
    await(
        "both are counted",
        () ->
            value(server, REQUESTS + "_count" + UNKNOWN) > 0
                && value(server, REQUESTS + "_count" + GOOD) > 2);
    assertThat(value(server, REQUESTS + "_count" + UNKNOWN)).isEqualTo(1);
    assertThat(value(server, REQUESTS + "_count" + GOOD)).isEqualTo(3);
    assertThat(lines(server, REQUESTS)).noneMatch(line -> line.contains("/nothing"));

    double elapsed = (System.nanoTime() - start) / 1e9; // well below 20 s
    assertThat(value(server, REQUESTS + "_sum" + GOOD)).isBetween(1e-5, elapsed);
    assertThat(value(server, "coracle_inference_seconds_sum")).isBetween(1e-6, elapsed);
  }

  @Test
  void reload_success_isCountedAndShowsTheNewVersionAlone() throws Exception {
    InferenceServer server = fast(o -> o);
    List<String> before = lines(server, "coracle_model_info{");
    assertThat(before).hasSize(1);
    assertThat(before.get(0)).contains("model=\"model\"").endsWith(" 1");
    assertThat(lines(server, "coracle_model_reloads_total")).isEmpty();

    TestModel.logits().write(folder.resolve("model.onnx"));
    server.reload();

    assertThat(lines(server, "coracle_model_info{")).hasSize(1).doesNotContainAnyElementsOf(before);
    assertThat(lines(server, "coracle_model_reloads_total"))
        .containsExactly("coracle_model_reloads_total{outcome=\"success\"} 1.0");
  }

  @Test
  void reload_failure_isCountedAsSuch() throws Exception {
    InferenceServer server = fast(o -> o);
    List<String> before = lines(server, "coracle_model_info{");
    Path fresh = Files.write(folder.resolve("fresh"), new byte[100]);
    Files.move(fresh, folder.resolve("model.onnx"), StandardCopyOption.REPLACE_EXISTING);

    assertThatThrownBy(server::reload).isInstanceOf(CoracleException.class);

    assertThat(lines(server, "coracle_model_info{")).isEqualTo(before);
    assertThat(lines(server, "coracle_model_reloads_total"))
        .containsExactly("coracle_model_reloads_total{outcome=\"failure\"} 1.0");
  }
}
