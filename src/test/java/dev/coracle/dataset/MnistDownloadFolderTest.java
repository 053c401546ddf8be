// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.dataset.MnistDownload.Fetched;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Downloads into a folder that holds something already, or gets it meanwhile. */
class MnistDownloadFolderTest extends MnistDownloadFixture {

  MnistDownloadFolderTest(@TempDir Path folder) {
    super(folder);
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
}
