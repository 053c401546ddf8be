// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.coracle.CoracleException;
import dev.coracle.inference.Memory;
import dev.coracle.inference.SlowModel;
import dev.coracle.inference.TestModel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Replacing the model of a server that runs. */
class ReloadTest extends ServerFixture {

  private static final String LOAD = post("/v2/repository/models/model/load", "");

  /** The same answers, and another SHA-256. */
  private static final TestModel OTHER =
      TestModel.mnist()
          .withMetadata(
              Map.of(
                  "coracle.labels", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9",
                  "coracle.output", "log_probabilities",
                  "coracle.mean", "0.1307",
                  "coracle.std", "0.3081"));

  private static String version(RawClient client) throws IOException {
    String text = client.send(get("/v2/models/model")).get().text();
    return text.replaceAll(".*\"versions\":\\[\"([0-9a-f]{12})\"\\].*", "$1").strip();
  }

  /** Replaces a file as a whole. */
  private void replace(Path file, byte[] content) throws IOException {
    Path fresh = Files.write(folder.resolve("fresh"), content);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private byte[] other() throws IOException {
    return Files.readAllBytes(OTHER.write(folder.resolve("other.onnx")));
  }

  @Test
  void load_underLoad_noRequestFails() throws Exception {
    InferenceServer server = fast(o -> o);
    byte[] one = Files.readAllBytes(folder.resolve("model.onnx"));
    byte[] two = other();
    AtomicBoolean running = new AtomicBoolean(true);
    AtomicInteger answered = new AtomicInteger();
    List<CompletableFuture<Void>> users = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      RawClient client = connect(server);
      GoodRequest good = new GoodRequest(i);
      users.add(
          CompletableFuture.runAsync(
              () -> {
                while (running.get()) {
                  try {
                    good.check(client.send(good.bytes()).get());
                  } catch (IOException e) {
                    throw new AssertionError("a request failed", e);
                  }
                  answered.incrementAndGet();
                }
              }));
    }
    RawClient operator = connect(server);
    for (int round = 0; round < 20; round++) {
      String before = version(operator);
      int seen = answered.get();
      replace(folder.resolve("model.onnx"), round % 2 == 0 ? two : one);
      RawClient.Reply reply = operator.send(LOAD).get();
      assertThat(reply.status()).as("%s", reply).isEqualTo(200);
      assertThat(reply.text()).contains("\"name\":\"model\"").doesNotContain(before);
      assertThat(version(operator)).isNotEqualTo(before);
      await("clients go on", () -> answered.get() >= seen + 8 || isDone(users));
    }
    running.set(false);
    for (CompletableFuture<Void> user : users) {
      user.get();
    }
  }

  private static boolean isDone(List<CompletableFuture<Void>> users) {
    return users.stream().anyMatch(CompletableFuture::isDone);
  }

  @Test
  void load_brokenOrMissingFile_400AndTheOldOneStays() throws Exception {
    InferenceServer server = fast(o -> o);
    RawClient client = connect(server);
    Path file = folder.resolve("model.onnx");
    String version = version(client);
    byte[] good = Files.readAllBytes(file);
    for (byte[] bad : List.of(new byte[0], Arrays.copyOf(good, good.length / 2), new byte[99])) {
      replace(file, bad);
      RawClient.Reply reply = client.send(LOAD).get();
      assertThat(reply.status()).as("%s", reply).isEqualTo(400);
      assertThat(reply.text()).contains("what was loaded before stays").doesNotContain("\\n");
    }
    Files.delete(file);
    assertThat(client.send(LOAD).get().status()).isEqualTo(400);
    assertThat(version(client)).isEqualTo(version);
    new GoodRequest(1).check(server.port());
  }

  /** One that can be opened, but gives numbers that are none of those it says. */
  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "memory is read from /proc")
  void load_modelThatFails_isRefusedAndFreed() throws Exception {
    InferenceServer server = fast(o -> o);
    Map<String, String> wrong = Map.of("coracle.output", "log_probabilities");
    SlowModel.write(folder.resolve("model.onnx"), 1, wrong); // 2.5 MB
    RawClient.Reply reply = connect(server).send(LOAD).get();
    assertThat(reply.status()).as("%s", reply).isEqualTo(400);
    assertThat(reply.text()).contains("what was loaded before stays");
    Memory.assertFlat(
        60, () -> assertThatThrownBy(server::reload).hasMessageContaining("got the score"));
    new GoodRequest(1).check(server.port());
  }

  /**
   * One is under way, 64 wait; which ones, the order tells in which the server has read them. Where
   * the first was not under way yet when the last came, six are refused.
   */
  @Test
  void load_manyWhileOneRuns_waitUpToABoundAndOnlyForThoseWhoStay() throws Exception {
    InferenceServer server = fast(o -> o);
    List<RawClient> clients = new ArrayList<>();
    synchronized (server.models()) { // holds up the first
      for (int i = 0; i < 70; i++) {
        clients.add(connect(server).send(LOAD));
      }
      await("five are refused", () -> loads().size() >= 5);
      assertThat(loads()).containsOnly(503);
      for (RawClient client : clients.subList(0, 60)) {
        client.close();
      }
    }
    await("all are logged", () -> loads().size() == 70);
    assertThat(loads()).filteredOn(status -> status == 499).hasSizeBetween(54, 60);
    assertThat(loads()).contains(200).containsOnly(200, 499, 503);
  }

  private List<Integer> loads() {
    return logged("/v2/repository/models/model/load");
  }

  @Test
  void load_unknownModel_404() throws Exception {
    RawClient client = connect(fast(o -> o));
    RawClient.Reply reply = client.send(post("/v2/repository/models/other/load", "")).get();
    assertThat(reply.status()).isEqualTo(404);
    ErrorForm.check(reply);
  }

  @Test
  void load_fromAnotherAddress_403() throws Exception {
    InetAddress other =
        NetworkInterface.networkInterfaces()
            .flatMap(NetworkInterface::inetAddresses)
            .filter(a -> !a.isLoopbackAddress() && !a.isLinkLocalAddress())
            .findFirst()
            .orElse(null);
    assumeTrue(other != null, "this machine has no address but loopback");
    InferenceServer server = fast(o -> o.host("0.0.0.0"));
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(other, server.port()), 5_000);
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write(LOAD.getBytes(StandardCharsets.US_ASCII));
      byte[] status = socket.getInputStream().readNBytes(12);
      assertThat(new String(status, StandardCharsets.US_ASCII)).isEqualTo("HTTP/1.1 403");
    }
  }

  private static String loadWith(String host, String... headers) {
    return "POST /v2/repository/models/model/load HTTP/1.1\r\nHost: %s\r\n%s\r\n"
        .formatted(host, String.join("", headers));
  }

  /** A page may send such a request to any address, and by a name of its own that leads here. */
  @Test
  void load_byAPageOfAnotherSite_403() throws Exception {
    InferenceServer server = fast(o -> o);
    String own = "127.0.0.1:" + server.port();
    for (String request :
        List.of(
            loadWith(own, "Origin: http://example.org\r\n"),
            loadWith(own, "Origin: null\r\n"),
            loadWith(own, "Origin: http://127.0.0.1:1\r\n"),
            loadWith(own, "Origin: https://" + own + "\r\n"),
            loadWith(own, "Sec-Fetch-Site: cross-site\r\n"),
            loadWith(own, "Sec-Fetch-Site: same-site\r\n"),
            loadWith("a.example", "Origin: http://a.example\r\nSec-Fetch-Site: same-origin\r\n"))) {
      RawClient.Reply reply = connect(server).send(request).get();
      assertThat(reply.status()).as(request).isEqualTo(403);
      ErrorForm.check(reply);
    }
  }

  @Test
  void load_byThisServersPage_isDone() throws Exception {
    InferenceServer server = fast(o -> o);
    for (String host : List.of("127.0.0.1:", "localhost:", "[::1]:")) {
      String own = host + server.port();
      String request =
          loadWith(own, "Origin: http://" + own + "\r\nSec-Fetch-Site: same-origin\r\n");
      assertThat(connect(server).send(request).get().status()).as(own).isEqualTo(200);
    }
  }

  /** Every client of a proxy on this machine comes from this machine. */
  @Test
  void load_byWayOfAProxy_403() throws Exception {
    RawClient client = connect(fast(o -> o));
    for (String header : List.of("Forwarded: for=192.0.2.7", "X-Forwarded-For: 127.0.0.1")) {
      RawClient.Reply reply = client.send(loadWith("a", header + "\r\n")).get();
      assertThat(reply.status()).as(header).isEqualTo(403);
      ErrorForm.check(reply);
    }
  }

  @Test
  void watch_replacedFile_isLoaded() throws Exception {
    InferenceServer server = fast(o -> o.watch(true));
    RawClient client = connect(server);
    String version = version(client);
    replace(folder.resolve("model.onnx"), other());
    await("the new one is there", () -> !version(client).equals(version));
    new GoodRequest(1).check(server.port());
  }

  @Test
  void watch_fileThatWasLoadedByACall_isNotLoadedAgain() throws Exception {
    InferenceServer server = fast(o -> o.watch(true));
    RawClient client = connect(server);
    String version = version(client);
    replace(folder.resolve("model.onnx"), other());
    assertThat(client.send(LOAD).get().status()).isEqualTo(200);
    assertThat(version(client)).isNotEqualTo(version);
    Thread.sleep(3L * FileWatch.PERIOD_MS); // for longer than two looks at it
    assertThat(metric(server, "coracle_model_reloads_total")).isEqualTo(1);
  }

  @Test
  void watch_fileBeingWritten_isLeftUntilItIsWhole() throws Exception {
    InferenceServer server = fast(o -> o.watch(true));
    RawClient client = connect(server);
    String version = version(client);
    Path file = folder.resolve("model.onnx");
    byte[] fresh = other();
    for (int i = 0; i < 12; i++) { // for longer than two looks at it
      Files.write(file, Arrays.copyOf(fresh, fresh.length * (i + 1) / 13));
      Thread.sleep(250);
      assertThat(version(client)).isEqualTo(version);
    }
    assertThat(metric(server, "coracle_model_reloads_total")).as("attempts").isZero();
    Files.write(file, fresh);
    await("the new one is there", () -> !version(client).equals(version));
  }

  @Test
  void watch_brokenFile_oldOneStaysAndTheNextIsLoaded() throws Exception {
    InferenceServer server = fast(o -> o.watch(true));
    RawClient client = connect(server);
    String version = version(client);
    Path file = folder.resolve("model.onnx");
    byte[] fresh = other();
    replace(file, Arrays.copyOf(fresh, 100));
    await("it was tried", () -> metric(server, "coracle_model_reloads_total") == 1);
    assertThat(version(client)).isEqualTo(version);
    new GoodRequest(1).check(server.port());
    replace(file, fresh);
    await("the new one is there", () -> !version(client).equals(version));
  }

  @Test
  void start_usedPort_saysWhich() throws Exception {
    InferenceServer first = fast(o -> o);
    ServerOptions.Builder options =
        ServerOptions.builder().model(folder.resolve("model.onnx")).port(first.port());
    assertThatThrownBy(() -> InferenceServer.start(options.build()))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("127.0.0.1, port " + first.port())
        .hasMessageEndingWith("choose another host or port (--host, --port of the command)");
  }

  @Test
  void start_unknownHost_saysWhich() throws Exception {
    Path file = TestModel.mnist().write(folder.resolve("model.onnx"));
    for (String host : new String[] {"192.0.2.77", "no such host"}) {
      assertThatThrownBy(() -> start(file, o -> o.host(host)))
          .isInstanceOf(CoracleException.class)
          .hasMessageContaining(host);
    }
  }

  @Test
  void start_missingOrBrokenModel_saysWhich() throws Exception {
    Path broken = Files.write(folder.resolve("broken.onnx"), new byte[100]);
    for (Path file : List.of(folder.resolve("absent.onnx"), broken, folder)) {
      assertThatThrownBy(() -> start(file, o -> o))
          .isInstanceOf(CoracleException.class)
          .hasMessageContaining(file.getFileName().toString());
    }
  }
}
