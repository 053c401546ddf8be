// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URL;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The cache of ONNX Runtime's libraries, with a jar of the same form and other content. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "asks about POSIX permissions and links")
class NativeLibrariesTest {

  private static final String FOLDER = "ai/onnxruntime/native/linux-x64/";
  private static final String MAIN = "libonnxruntime.so";
  private static final String JNI = "libonnxruntime4j_jni.so";

  private final Path folder;
  private final Path cache;
  private final byte[] main = new byte[700_000]; // more than a buffer
  private final byte[] jni = new byte[1_000];

  NativeLibrariesTest(@TempDir Path folder) throws IOException {
    this.folder = folder.toRealPath();
    this.cache = this.folder.resolve("home/.cache/coracle/native");
    new Random(1).nextBytes(main);
    new Random(2).nextBytes(jni);
  }

  @Test
  void unpack_noCacheYet_unpacksWhatLiesBesideForTheOwnerOnly() throws IOException {
    Path unpacked = unpack();

    assertThat(unpacked).hasParent(cache);
    assertThat(names(unpacked)).containsExactly(MAIN, JNI);
    assertThat(unpacked.resolve(MAIN)).hasBinaryContent(main);
    assertThat(unpacked.resolve(JNI)).hasBinaryContent(jni);
    for (Path path : List.of(cache, unpacked, unpacked.resolve(MAIN))) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
          .isEqualTo("rwx------");
    }
  }

  @Test
  void unpack_again_leavesTheFilesAndNotesTheUse() throws IOException {
    Path unpacked = unpack();
    FileTime before = FileTime.from(Instant.now().minus(Duration.ofDays(40)));
    Files.setLastModifiedTime(unpacked.resolve(MAIN), before);
    Files.setLastModifiedTime(unpacked, before);

    assertThat(unpack()).isEqualTo(unpacked);

    assertThat(Files.getLastModifiedTime(unpacked.resolve(MAIN))).isEqualTo(before);
    assertThat(Files.getLastModifiedTime(unpacked)).isGreaterThan(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"missing", "empty", "truncated", "longer", "flipped", "link"})
  void unpack_damagedFile_unpacksItAgain(String damage) throws IOException {
    Path unpacked = unpack();
    Path file = unpacked.resolve(MAIN);
    Path other = Files.writeString(folder.resolve("other"), "other");
    byte[] flipped = main.clone();
    flipped[main.length - 1] ^= 1;
    switch (damage) {
      case "empty" -> Files.write(file, new byte[0]);
      case "truncated" -> Files.write(file, Arrays.copyOf(main, main.length - 1));
      case "longer" -> Files.write(file, Arrays.copyOf(main, main.length + 1));
      case "flipped" -> Files.write(file, flipped);
      default -> Files.delete(file);
    }
    if (damage.equals("link")) {
      Files.createSymbolicLink(file, other);
    }

    unpack();

    assertThat(file).isRegularFile().hasBinaryContent(main);
    assertThat(Files.isSymbolicLink(file)).isFalse();
    assertThat(other).hasContent("other");
    assertThat(names(unpacked)).containsExactly(MAIN, JNI);
  }

  @Test
  void unpack_otherVersion_getsAFolderOfItsOwnAndOldOnesGo() throws IOException {
    Path first = unpack();
    Path old = Files.createDirectory(cache.resolve("onnxruntime-linux-x64-0"));
    Files.writeString(old.resolve(MAIN), "old");
    Path foreign = Files.createDirectory(cache.resolve("of-somebody-else"));
    for (Path unused : List.of(old, foreign)) {
      Files.setLastModifiedTime(unused, FileTime.from(Instant.now().minus(Duration.ofDays(31))));
    }
    Files.setLastModifiedTime(first, FileTime.from(Instant.now().minus(Duration.ofDays(29))));

    main[0] ^= 1;
    Path second = unpack();

    assertThat(second.resolve(MAIN)).hasBinaryContent(main);
    assertThat(old).doesNotExist();
    assertThat(List.of(first, second, foreign)).doesNotHaveDuplicates().allMatch(Files::exists);
  }

  @Test
  void unpack_eightAtOnce_allFindThemWhole() throws Exception {
    URL jar = jar(MAIN, JNI);
    CyclicBarrier start = new CyclicBarrier(8);
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      List<Future<byte[]>> found = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        found.add(
            threads.submit(
                () -> {
                  start.await();
                  return Files.readAllBytes(NativeLibraries.unpack(cache, jar).resolve(MAIN));
                }));
      }
      for (Future<byte[]> content : found) {
        assertThat(content.get()).isEqualTo(main);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"rwxrwx---", "rwx----w-"})
  void unpack_othersMayWriteToTheCache_refuses(String permissions) throws IOException {
    Path unpacked = unpack();
    for (Path open : List.of(unpacked, cache)) {
      Files.setPosixFilePermissions(open, PosixFilePermissions.fromString(permissions));
      assertRefused(open + " must be a folder, no link, of the user's own");
    }
  }

  @Test
  void unpack_cacheIsLink_refuses() throws IOException {
    Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
    Files.createDirectories(cache.getParent());
    Files.createSymbolicLink(cache, elsewhere);
    assertRefused(cache + " must be a folder, no link, of the user's own");
    assertThat(elsewhere).isEmptyDirectory();
  }

  @Test
  void unpack_cacheOfSomebodyElse_refuses() throws IOException {
    unpack();
    try {
      Files.setOwner(
          cache,
          cache.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
    } catch (FileSystemException e) {
      abort("only root can give a folder away");
    }
    assertRefused(cache + " must be a folder, no link, of the user's own");
  }

  @Test
  void unpack_cacheCannotBeMade_refuses() throws IOException {
    Files.writeString(folder.resolve("home"), "a file");
    assertRefused("home");
  }

  @Test
  void unpack_librariesForCuda_leavesThemToOnnxRuntime() throws IOException {
    URL jar = jar(MAIN, "libonnxruntime_providers_cuda.so");
    assertThatIOException()
        .isThrownBy(() -> NativeLibraries.unpack(cache, jar))
        .withMessageContaining("onnxruntime_gpu");
    assertThat(cache).doesNotExist();
  }

  @Test
  void unpack_notFromAJar_refuses() throws IOException {
    URL file = Files.write(folder.resolve(MAIN), main).toUri().toURL();
    assertThatIOException()
        .isThrownBy(() -> NativeLibraries.unpack(cache, file))
        .withMessageContaining("expected the libraries in a jar, found " + file);
  }

  private void assertRefused(String said) {
    assertThatIOException().isThrownBy(this::unpack).withMessageContaining(said);
  }

  private Path unpack() throws IOException {
    return NativeLibraries.unpack(cache, jar(MAIN, JNI));
  }

  private URL jar(String... libraries) throws IOException {
    Path jar = folder.resolve("onnxruntime.jar");
    try (OutputStream out = Files.newOutputStream(jar);
        JarOutputStream entries = new JarOutputStream(out)) {
      entries.putNextEntry(new JarEntry(FOLDER));
      for (String library : libraries) {
        entries.putNextEntry(new JarEntry(FOLDER + library));
        entries.write(library.equals(MAIN) ? main : jni);
      }
      entries.putNextEntry(new JarEntry(FOLDER + "symbols/" + MAIN));
      entries.putNextEntry(new JarEntry("ai/onnxruntime/native/win-x64/onnxruntime.dll"));
    }
    return URI.create("jar:" + jar.toUri() + "!/" + FOLDER + MAIN).toURL();
  }

  private static List<String> names(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
