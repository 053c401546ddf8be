// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.CoracleException;
import dev.coracle.dataset.MnistDownload.Fetched;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Asks sources that answer well, badly or not at all, and checks their addresses. */
class MnistDownloadTest extends MnistDownloadFixture {

  MnistDownloadTest(@TempDir Path folder) {
    super(folder);
  }

  @Test
  void fetch_goodSource_putsTheVerifiedFileInPlace() throws IOException {
    source.answer(200, GOOD);
    List<String> progress = new ArrayList<>();

    List<Fetched> fetched =
        download()
            .progress((file, done, total) -> progress.add(file + " " + done + "/" + total))
            .build()
            .fetch();

    URI address = URI.create(source.url() + "/" + FILE.gzName());
    assertThat(fetched).containsExactly(new Fetched(FILE, target(), address));
    assertThat(target()).hasBinaryContent(GOOD);
    assertThat(names()).containsExactly(FILE.gzName());
    assertThat(progress).last().isEqualTo(FILE.gzName() + " " + GOOD.length + "/" + GOOD.length);
    assertThat(source.userAgents()).containsExactly("coracle");
    assertThat(pauses).isEmpty();
  }

  @Test
  void fetch_publishedFiles_givesAFolderThatReadsAsMnist() throws IOException {
    for (MnistFile file : MnistFile.ALL) {
      source.answer(200, Files.readAllBytes(Path.of("datasets", "mnist", file.gzName())));
    }

    download().files(MnistFile.ALL).build().fetch();

    assertThat(MnistCheck.check(folder)).allMatch(MnistCheck::published);
    assertThat(source.requests()).isEqualTo(4);
  }

  @Test
  void fetch_missingFolder_createsIt() {
    source.answer(200, GOOD);
    Path deep = folder.resolve("a/b");

    MnistDownload.into(deep)
        .files(List.of(FILE))
        .baseUrl(source.url())
        .mirrors(List.of())
        .build()
        .fetch();

    assertThat(deep.resolve(FILE.gzName())).hasBinaryContent(GOOD);
  }

  @ParameterizedTest
  @ValueSource(ints = {408, 429, 500, 503})
  void fetch_passingTrouble_triesAgain(int status) {
    source.answer(status, new byte[] {1}).answer(200, GOOD);

    download().build().fetch();

    assertThat(target()).hasBinaryContent(GOOD);
    assertThat(pauses).containsExactly(Duration.ofMillis(500));
  }

  @Test
  void fetch_passingTroubleThatStays_doublesThePauseThenNamesIt() throws IOException {
    source.answer(503, new byte[] {1});

    assertFails(download(), source.url(), "status 503 (3 attempts)", "datasets/mnist");

    assertThat(source.requests()).isEqualTo(3);
    assertThat(pauses).containsExactly(Duration.ofMillis(500), Duration.ofMillis(1000));
    assertThat(names()).isEmpty();
  }

  @Test
  void fetch_manyRetries_pauseAtMost30Seconds() {
    source.answer(503, new byte[] {1});

    assertFails(download().retries(8), "status 503 (9 attempts)");

    assertThat(pauses.stream().map(Duration::toMillis))
        .containsExactly(500L, 1_000L, 2_000L, 4_000L, 8_000L, 16_000L, 30_000L, 30_000L);
  }

  @Test
  void fetch_truncatedBody_triesAgain() {
    source.answerTruncated(GOOD, 10).answer(200, GOOD);

    download().build().fetch();

    assertThat(target()).hasBinaryContent(GOOD);
    assertThat(source.requests()).isEqualTo(2);
  }

  @Test
  void fetch_truncatedBodyOfUnknownLength_triesAgain() {
    source.answerChunked(Arrays.copyOf(GOOD, GOOD.length - 1)).answerChunked(GOOD);

    download().build().fetch();

    assertThat(target()).hasBinaryContent(GOOD);
    assertThat(source.requests()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(ints = {204, 301, 302, 307, 400, 403, 404})
  void fetch_finalStatus_goesToTheMirrorAtOnce(int status) {
    source.answer(status, status == 204 ? new byte[0] : new byte[1 << 20]);
    mirror.answer(200, GOOD);

    List<Fetched> fetched = download().mirrors(List.of(mirror.url())).build().fetch();

    assertThat(fetched.get(0).source()).hasToString(mirror.url() + "/" + FILE.gzName());
    assertThat(source.requests()).isEqualTo(1);
    assertThat(pauses).isEmpty();
  }

  @Test
  void fetch_redirect_isNotFollowed() {
    source.redirect(mirror.url() + "/" + FILE.gzName());
    mirror.answer(200, GOOD);

    assertFails(download(), "status 302 to " + mirror.url());

    assertThat(mirror.requests()).isZero();
  }

  @Test
  void fetch_everySourceFails_namesEachAndWhy() {
    source.answer(404, new byte[] {1});
    mirror.answer(200, OTHER);

    assertFails(
        download().mirrors(List.of(mirror.url(), "http://127.0.0.1:1/")),
        "cannot fetch " + FILE.gzName() + "; check the network",
        "\n  " + source.url() + "/" + FILE.gzName() + ": it answered with status 404\n",
        "\n  " + mirror.url() + "/" + FILE.gzName() + ": what it sent is not the published file",
        "\n  http://127.0.0.1:1/" + FILE.gzName() + ": no connection to it (3 attempts)");
  }

  @Test
  void fetch_wrongContent_isRefusedAtOnce() throws IOException {
    byte[] sameLength = CONTENT.clone();
    sameLength[20]++;
    source.answer(200, Idx.gzip(sameLength));

    assertFails(download(), "its SHA-256 is " + sha256(sameLength) + " rather than");

    assertThat(source.requests()).isEqualTo(1);
    assertThat(names()).isEmpty();
  }

  @Test
  void fetch_notGzipOrDamaged_isRefused() throws IOException {
    byte[] badCrc = GOOD.clone();
    badCrc[GOOD.length - 8]++;
    source.answer(200, "<html>not here</html>".getBytes(UTF_8)).answer(200, badCrc);

    assertFails(download(), "it holds 21 rather than 40 bytes");
    assertFails(download(), "the gzip checksum does not match");
    assertThat(names()).isEmpty();
  }

  @Test
  void fetch_contentLengthThatIsNoNumber_goesToTheMirrorAtOnce() throws IOException {
    mirror.answer(200, GOOD);
    String answer = "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n";
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      FutureTask<Boolean> once =
          new FutureTask<>(
              () -> {
                try (Socket socket = server.accept()) {
                  socket.getInputStream().read();
                  socket.getOutputStream().write(answer.getBytes(UTF_8));
                }
                return true;
              });
      new Thread(once).start();

      download()
          .baseUrl("http://127.0.0.1:" + server.getLocalPort())
          .mirrors(List.of(mirror.url()))
          .readTimeout(Duration.ofSeconds(5)) // nobody would hear a second attempt
          .build()
          .fetch();
    }

    assertThat(target()).hasBinaryContent(GOOD);
    assertThat(pauses).isEmpty();
  }

  @Test
  void fetch_addressThatTheClientRefuses_isNeitherRetriedNorWrapped() {
    HttpFetch http = download().http();
    URI noSuchPort = URI.create("http://127.0.0.1:99999/"); // which the builder refuses

    assertThatIllegalArgumentException()
        .isThrownBy(() -> http.fetch(noSuchPort, body -> {}, (done, total) -> {}));

    assertThat(pauses).isEmpty();
  }

  @Test
  void fetch_bugOfTheListener_isNeitherRetriedNorWrapped() {
    source.answer(200, GOOD);
    IllegalStateException bug = new IllegalStateException("bug");
    MnistDownloadBuilder download =
        download()
            .progress(
                (file, done, total) -> {
                  throw bug;
                });

    assertThatThrownBy(() -> download.build().fetch()).isSameAs(bug);

    assertThat(source.requests()).isEqualTo(1);
  }

  @Test
  void fetch_interrupted_stopsAndKeepsTheFlag() {
    source.answer(503, new byte[] {1});
    MnistDownloadBuilder download =
        download()
            .sleeper(
                pause -> {
                  throw new InterruptedException();
                });

    assertFails(download, "was interrupted");

    assertThat(Thread.interrupted()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "US-east-1", "us-east-1.evil", "a/b", "-a", "a@b", "us_east"})
  void region_bad_throws(String region) {
    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> download().region(region))
        .withMessageContaining("'" + region + "'");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "mnist",
        "ftp://host/",
        "file:///tmp",
        "https:///x",
        "http://u:p@host/",
        "http://host/?a=b",
        "http://host/#a",
        "http://ho st/",
        "http://:80/",
        "http://ho_st/",
        "http://localhost:-1/",
        "http://localhost:0/",
        "http://localhost:65536/",
        "http://localhost:99999/",
        "http://localhost:99999999999/"
      })
  void baseUrl_bad_throws(String url) {
    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> download().baseUrl(url))
        .withMessageContaining("'" + url + "'");
    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> download().mirrors(List.of(url)));
  }

  @Test
  void baseUrl_portOutOfRange_namesTheRange() {
    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> download().baseUrl("http://localhost:99999/"))
        .withMessageContaining("has the port 99999; expected 1 to 65535");
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://h:1/", "https://h:65535/", "http://h:/", "http://[::1]:80/a"})
  void baseUrl_good_isAskedFirst(String url) {
    URI expected = URI.create(url.endsWith("/") ? url : url + "/");

    assertThat(download().baseUrl(url).sources()).containsExactly(expected);
  }

  @Test
  void sources_defaults_areTheRegionsBucketThenTheMirror() {
    assertThat(MnistDownload.into(folder).region("us-west-2").sources())
        .containsExactly(
            URI.create(
                "https://sagemaker-example-files-prod-us-west-2.s3.amazonaws.com"
                    + "/datasets/image/MNIST/"),
            URI.create("https://ossci-datasets.s3.amazonaws.com/mnist/"));
  }
}
