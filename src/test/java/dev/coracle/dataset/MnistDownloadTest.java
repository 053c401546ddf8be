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
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Downloads a small file from a real server on the loopback interface. */
class MnistDownloadTest {

  private static final byte[] CONTENT = Idx.images();
  private static final byte[] GOOD = Idx.gzip(CONTENT);
  private static final byte[] OTHER = Idx.gzip(Idx.images(4, 2, 3));
  private static final MnistFile FILE =
      new MnistFile("small-idx3-ubyte", 3, 3, CONTENT.length, sha256(CONTENT));

  private final Path folder;
  private final FakeSource source = new FakeSource();
  private final FakeSource mirror = new FakeSource();
  private final List<Duration> pauses = new ArrayList<>();

  MnistDownloadTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @AfterEach
  void stopServers() {
    source.close();
    mirror.close();
  }

  private static String sha256(byte[] content) {
    MessageDigest digest = Sha256.start();
    digest.update(content);
    return Sha256.hex(digest);
  }

  private MnistDownloadBuilder download() {
    return MnistDownload.into(folder)
        .files(List.of(FILE))
        .baseUrl(source.url())
        .mirrors(List.of())
        .readTimeout(Duration.ofMinutes(1))
        .retries(2)
        .sleeper(pauses::add);
  }

  private Path target() {
    return folder.resolve(FILE.gzName());
  }

  private void assertFails(MnistDownloadBuilder download, String... messageParts) {
    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> download.build().fetch())
        .satisfies(e -> assertThat(e.getMessage()).contains(messageParts));
  }

  private List<String> names() throws IOException {
    try (Stream<Path> paths = Files.list(folder)) {
      return paths.map(path -> path.getFileName().toString()).sorted().toList();
    }
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
        source.url() + "/" + FILE.gzName() + ": it answered with status 404; ",
        mirror.url() + "/" + FILE.gzName() + ": what it sent is not the published file",
        "http://127.0.0.1:1/" + FILE.gzName() + ": no connection to it (3 attempts)");
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
  void fetch_gzipBomb_isRefusedOneByteAfterThePublishedLength() {
    source.answer(200, Idx.gzip(new byte[8 << 20]));

    assertFails(download(), "it holds more than 40 bytes");
  }

  @Test
  void fetch_bodyAboveTheLimit_isRefused() throws IOException {
    byte[] noise = new byte[(int) MnistDownload.MAX_BYTES + 1];
    new Random(1).nextBytes(noise);
    source.answerChunked(noise).answer(200, noise);

    assertFails(download(), "its body is longer than 16777216 bytes");
    assertFails(download(), "its body is longer than 16777216 bytes");
    assertThat(names()).isEmpty();
  }

  @Test
  void fetch_serverThatNeverAnswers_timesOut() {
    source.stall(new byte[0]);

    assertFails(
        download().readTimeout(Duration.ofMillis(150)).retries(1),
        "it sent nothing for 150 ms, after 0 bytes (2 attempts)");
  }

  @Test
  void fetch_serverThatStopsInTheMiddle_timesOut() {
    source.stall(Arrays.copyOf(GOOD, 10));

    assertFails(
        download().readTimeout(Duration.ofMillis(300)).retries(0),
        "it sent nothing for 300 ms, after 10 bytes");
  }

  @Test
  void fetch_serverThatDrips_stopsAtTheDeadline() throws IOException {
    source.drip();

    assertFails(
        download().deadline(Duration.ofMillis(300)).retries(1),
        "it was not done within 300 ms, after ",
        "(2 attempts)");

    assertThat(source.requests()).isEqualTo(2);
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
  @ValueSource(booleans = {false, true})
  void fetch_goodFileThere_makesNoRequest(boolean gzip) {
    Path there = Idx.write(folder, gzip ? FILE.gzName() : FILE.name(), gzip ? GOOD : CONTENT);

    assertThat(download().build().fetch()).containsExactly(new Fetched(FILE, there, null));
    assertThat(source.requests()).isZero();
  }

  static Stream<Named<byte[]>> otherContents() {
    return Stream.of(
        Named.of("two gzip members", Idx.join(OTHER, OTHER)),
        Named.of("two gzip members, the first published", Idx.join(GOOD, OTHER)),
        Named.of("int16", Idx.file(new int[] {0x00000b03, 2, 1, 2}, Idx.body(8))),
        Named.of("int16 in gzip", Idx.gzip(Idx.file(new int[] {0x00000b01, 4}, Idx.body(8)))),
        Named.of("truncated gzip", Arrays.copyOf(GOOD, 30)),
        Named.of("truncated", Arrays.copyOf(CONTENT, 30)),
        Named.of("empty", new byte[0]));
  }

  @ParameterizedTest
  @MethodSource("otherContents")
  void fetch_otherContentThere_keepsItsBytesUnderAnotherName(byte[] other) throws IOException {
    Idx.write(folder, FILE.gzName(), other);
    source.answer(200, GOOD);

    download().build().fetch();

    assertThat(target()).hasBinaryContent(GOOD);
    assertThat(folder.resolve(FILE.gzName() + ".old")).hasBinaryContent(other);
    assertThat(names()).containsExactly(FILE.gzName(), FILE.gzName() + ".old");
  }

  @ParameterizedTest
  @MethodSource("otherContents")
  void fetch_otherPlainContentBesideTheGoodGz_keepsItsBytesUnderAnotherName(byte[] other)
      throws IOException {
    Idx.write(folder, FILE.name(), other); // readers would take it before the .gz
    Idx.write(folder, FILE.gzName(), GOOD);

    assertThat(download().build().fetch()).containsExactly(new Fetched(FILE, target(), null));

    assertThat(target()).hasBinaryContent(GOOD);
    assertThat(folder.resolve(FILE.name() + ".old")).hasBinaryContent(other);
    assertThat(names()).containsExactly(FILE.gzName(), FILE.name() + ".old");
    assertThat(source.requests()).isZero();
  }

  @Test
  void fetch_otherPlainAndGzThere_setsBothAside() throws IOException {
    byte[] plain = Arrays.copyOf(CONTENT, 30);
    byte[] gz = Arrays.copyOf(GOOD, 30);
    Idx.write(folder, FILE.name(), plain);
    Idx.write(folder, FILE.gzName(), gz);
    source.answer(200, GOOD);

    download().build().fetch();

    assertThat(target()).hasBinaryContent(GOOD);
    assertThat(folder.resolve(FILE.name() + ".old")).hasBinaryContent(plain);
    assertThat(folder.resolve(FILE.gzName() + ".old")).hasBinaryContent(gz);
    assertThat(names())
        .containsExactly(FILE.gzName(), FILE.gzName() + ".old", FILE.name() + ".old");
  }

  @Test
  void fetch_namesTakenByEarlierOnes_usesTheNextFreeName() throws IOException {
    source.answer(200, GOOD);
    for (int i = 0; i < 3; i++) {
      Idx.write(folder, FILE.gzName(), new byte[] {(byte) i});
      download().build().fetch();
    }

    assertThat(folder.resolve(FILE.gzName() + ".old")).hasBinaryContent(new byte[] {0});
    assertThat(folder.resolve(FILE.gzName() + ".old.1")).hasBinaryContent(new byte[] {1});
    assertThat(folder.resolve(FILE.gzName() + ".old.2")).hasBinaryContent(new byte[] {2});
    assertThat(target()).hasBinaryContent(GOOD);
    assertThat(names()).hasSize(4);
  }

  @Test
  void fetch_linkToOtherContent_setsTheLinkAsideAndKeepsTheFile() throws IOException {
    Path linked = Idx.write(folder, "elsewhere", new byte[] {1});
    Files.createSymbolicLink(target(), linked);
    source.answer(200, GOOD);

    download().build().fetch();

    assertThat(linked).hasBinaryContent(new byte[] {1});
    assertThat(Files.readSymbolicLink(folder.resolve(FILE.gzName() + ".old"))).isEqualTo(linked);
    assertThat(target()).isRegularFile().hasBinaryContent(GOOD);
    assertThat(Files.isSymbolicLink(target())).isFalse();
  }

  @ParameterizedTest
  @MethodSource("otherContents")
  void fetch_fails_leavesWhatWasThere(byte[] other) throws IOException {
    Idx.write(folder, FILE.gzName(), other);
    Idx.write(folder, FILE.name(), new byte[] {1});
    source.answer(200, OTHER);

    assertFails(download(), "not the published file");

    assertThat(target()).hasBinaryContent(other);
    assertThat(folder.resolve(FILE.name())).hasBinaryContent(new byte[] {1});
    assertThat(names()).containsExactly(FILE.name(), FILE.gzName());
  }

  @Test
  void fetch_otherSetAppearsMeanwhile_isRefusedAndKept() throws IOException {
    source.answer(200, GOOD);
    MnistDownloadBuilder download =
        download().progress((file, done, total) -> Idx.write(folder, FILE.gzName(), OTHER));

    assertFails(download, target() + " is a complete idx file with another content");

    assertThat(target()).hasBinaryContent(OTHER);
    assertThat(names()).containsExactly(FILE.gzName());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void fetch_fileThatCannotBeRead_isRefusedAndKept(boolean gzip) throws IOException {
    String name = gzip ? FILE.gzName() : FILE.name();
    // A link to itself: unlike a missing permission, it stops the superuser too.
    Path there = Files.createSymbolicLink(folder.resolve(name), Path.of(name));
    source.answer(200, GOOD);

    assertFails(download(), "Cannot read " + there, "it is not replaced");

    assertThat(names()).containsExactly(name);
    assertThat(source.requests()).isZero();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void fetch_folderOfThatName_isRefusedAndKept(boolean gzip) throws IOException {
    Path there = folder.resolve(gzip ? FILE.gzName() : FILE.name());
    Idx.mkdirs(there.resolve("inside"));

    assertFails(download(), there + " is not a regular file");

    assertThat(there.resolve("inside")).isDirectory();
    assertThat(source.requests()).isZero();
  }

  @Test
  void fetch_goodFileThereAndAnotherFails_keepsTheGoodOne() throws IOException {
    MnistFile second = new MnistFile("second-idx3-ubyte", 3, 3, CONTENT.length, FILE.sha256());
    Idx.write(folder, FILE.gzName(), GOOD);
    source.answer(404, new byte[] {1});

    assertFails(download().files(List.of(FILE, second)), "second-idx3-ubyte.gz");

    assertThat(target()).hasBinaryContent(GOOD);
    assertThat(names()).containsExactly(FILE.gzName());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void fetch_anotherDataSetThere_isRefusedAndKept(boolean gzip) throws IOException {
    byte[] other = gzip ? OTHER : Idx.images(4, 2, 3);
    Path there = Idx.write(folder, gzip ? FILE.gzName() : FILE.name(), other);
    source.answer(200, GOOD);

    assertFails(download(), there + " is a complete idx file with another content");

    assertThat(there).hasBinaryContent(other);
    assertThat(source.requests()).isZero();
  }

  @Test
  void fetch_folderInTheWayMeanwhile_leavesNoTemporaryFile() throws IOException {
    source.answer(200, GOOD);
    MnistDownloadBuilder download =
        download()
            .progress(
                (file, done, total) ->
                    Idx.mkdirs(target().resolve("in the way"))); // after the check

    assertFails(download, target() + " is not a regular file");

    assertThat(names()).containsExactly(FILE.gzName());
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
  void numbers_outOfRange_throw() {
    assertThatIllegalArgumentException().isThrownBy(() -> download().deadline(Duration.ZERO));
    assertThatIllegalArgumentException().isThrownBy(() -> download().retries(-1));
    assertThatIllegalArgumentException().isThrownBy(() -> download().backoff(Duration.ZERO));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> download().connectTimeout(Duration.ofMillis(-1)));
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
