// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.coracle.CoracleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;

/**
 * Gives the tests of {@link MnistDownload} a small file and two servers on the loopback interface.
 */
abstract class MnistDownloadFixture {

  static final byte[] CONTENT = Idx.images();
  static final byte[] GOOD = Idx.gzip(CONTENT);
  static final byte[] OTHER = Idx.gzip(Idx.images(4, 2, 3));
  static final MnistFile FILE =
      new MnistFile("small-idx3-ubyte", 3, 3, CONTENT.length, sha256(CONTENT));

  final Path folder;
  final FakeSource source = new FakeSource();
  final FakeSource mirror = new FakeSource();
  final List<Duration> pauses = new ArrayList<>();

  MnistDownloadFixture(Path folder) {
    this.folder = folder;
  }

  @AfterEach
  void stopServers() {
    source.close();
    mirror.close();
  }

  static String sha256(byte[] content) {
    MessageDigest digest = Sha256.start();
    digest.update(content);
    return Sha256.hex(digest);
  }

  MnistDownloadBuilder download() {
    return MnistDownload.into(folder)
        .files(List.of(FILE))
        .baseUrl(source.url())
        .mirrors(List.of())
        .readTimeout(Duration.ofMinutes(1))
        .retries(2)
        .sleeper(pauses::add);
  }

  Path target() {
    return folder.resolve(FILE.gzName());
  }

  void assertFails(MnistDownloadBuilder download, String... messageParts) {
    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> download.build().fetch())
        .satisfies(e -> assertThat(e.getMessage()).contains(messageParts));
  }

  List<String> names() throws IOException {
    try (Stream<Path> paths = Files.list(folder)) {
      return paths.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }
}
