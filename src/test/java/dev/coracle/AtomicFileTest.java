// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {

  private final Path folder;
  private final Path file;

  AtomicFileTest(@TempDir Path folder) throws IOException {
    this.folder = folder.toRealPath();
    file = this.folder.resolve("file");
  }

  @Test
  void write_existingFile_replacesContent() throws IOException {
    Files.writeString(file, "a longer old content");

    AtomicFile.write(file, text("new"));

    assertThat(file).hasContent("new");
    assertThat(names(folder)).containsExactly("file");
  }

  /** Linux's /proc takes no new file, whoever asks. */
  @Test
  void write_folderTakesNoFile_saysSoWithoutTheTemporaryName() {
    Path proc = Path.of("/proc");
    assumeTrue(Files.isDirectory(proc));
    assertThatIOException()
        .isThrownBy(() -> AtomicFile.write(proc.resolve("coracle.zip"), text("new")))
        .withMessageContaining("/proc")
        .withMessageNotContaining(".tmp");
  }

  @Test
  void write_missingParents_createsThem() throws IOException {
    Path deep = folder.resolve("a/b/file");

    AtomicFile.write(deep, text("new"));

    assertThat(deep).hasContent("new");
  }

  @Test
  void write_whileWriting_oldContentIsThere() throws IOException {
    Files.writeString(file, "old");

    AtomicFile.write(
        file,
        out -> {
          out.write(new byte[1 << 20]);
          out.flush();
          assertThat(file).hasContent("old");
        });

    assertThat(file).hasSize(1 << 20);
  }

  @Test
  void write_exceptionInTheMiddle_leavesOldContentAndNoTemporaryFile() throws IOException {
    Files.writeString(file, "old");

    assertThatIOException()
        .isThrownBy(
            () ->
                AtomicFile.write(
                    file,
                    out -> {
                      out.write(new byte[1 << 20]);
                      throw new IOException("no space");
                    }))
        .withMessage("no space");

    assertThat(file).hasContent("old");
    assertThat(names(folder)).containsExactly("file");
  }

  @Test
  void write_error_leavesNoTemporaryFile() throws IOException {
    assertThatThrownBy(
            () ->
                AtomicFile.write(
                    file,
                    out -> {
                      throw new OutOfMemoryError("a test's");
                    }))
        .isInstanceOf(OutOfMemoryError.class);

    assertThat(names(folder)).isEmpty();
  }

  @Test
  void write_checkFails_leavesOldContentAndNoTemporaryFile() throws IOException {
    Files.writeString(file, "old");

    assertThatIOException()
        .isThrownBy(
            () ->
                AtomicFile.write(
                    file,
                    text("new"),
                    temporary -> {
                      assertThat(temporary).hasContent("new");
                      throw new IOException("unfit");
                    }))
        .withMessage("unfit");

    assertThat(file).hasContent("old");
    assertThat(names(folder)).containsExactly("file");
  }

  @Test
  void deleteUnfinished_whileWriting_removesTheTemporaryFileAndTheWriteFails() throws IOException {
    Files.writeString(file, "old");
    assertThatIOException()
        .isThrownBy(
            () ->
                AtomicFile.write(
                    file,
                    out -> {
                      out.write(1);
                      assertThat(names(folder)).hasSize(2);
                      AtomicFile.deleteUnfinished();
                      assertThat(names(folder)).containsExactly("file");
                    }));
    assertThat(file).hasContent("old");
    assertThat(names(folder)).containsExactly("file");
  }

  @Test
  void write_targetIsFolder_saysSo() throws IOException {
    assertThatIOException()
        .isThrownBy(() -> AtomicFile.write(folder, text("new")))
        .withMessage(folder + " is a folder; expected the name of a file");
    assertThat(names(folder)).isEmpty();
  }

  @Test
  void write_parentIsFile_saysSo() throws IOException {
    Files.writeString(file, "old");

    assertThatIOException()
        .isThrownBy(() -> AtomicFile.write(file.resolve("a/b"), text("new")))
        .withMessage(file + " is a file; expected a folder");
    assertThat(file).hasContent("old");
  }

  /** A socket stands for all that is neither a file nor a folder, /dev/stdout for one. */
  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "sockets are no files there")
  void write_socket_refusesIt() throws IOException {
    try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      socket.bind(UnixDomainSocketAddress.of(file));

      assertThatIOException()
          .isThrownBy(() -> AtomicFile.write(file, text("new")))
          .withMessage(file + " is a device, pipe or socket; expected the name of a file");
      assertThat(Files.isRegularFile(file)).isFalse();
      assertThat(names(folder)).containsExactly("file");
    }
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "permissions are POSIX")
  void write_newFile_permissionsOfANewFile() throws IOException {
    Path usual = Files.createFile(folder.resolve("usual"));
    Set<PosixFilePermission> expected = Files.getPosixFilePermissions(usual);

    AtomicFile.write(file, text("new"));

    assertThat(Files.getPosixFilePermissions(file)).isEqualTo(expected);
  }

  @Test
  @DisabledOnOs(
      value = OS.WINDOWS,
      disabledReason = "a read-only folder does not forbid new files there")
  void write_readOnlyFolder_leavesOldContent() throws IOException {
    Files.writeString(file, "old");
    Files.setPosixFilePermissions(
        folder, Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_EXECUTE));
    try {
      assumeTrue(!Files.isWritable(folder), "the superuser may write everywhere");
      assertThatIOException().isThrownBy(() -> AtomicFile.write(file, text("new")));
      assertThat(file).hasContent("old");
    } finally {
      Files.setPosixFilePermissions(folder, Set.of(PosixFilePermission.values()));
    }
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "symbolic links want a privilege there")
  void write_symbolicLink_replacesWhatItPointsTo() throws IOException {
    Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
    Path real = elsewhere.resolve("real");
    Files.writeString(real, "old");
    Path second = Files.createSymbolicLink(folder.resolve("second"), Path.of("elsewhere/real"));
    Files.createSymbolicLink(file, second);

    AtomicFile.write(file, text("new"));

    assertThat(real).isRegularFile().hasContent("new");
    assertThat(file).isSymbolicLink().hasContent("new");
    assertThat(second).isSymbolicLink();
    assertThat(names(elsewhere)).containsExactly("real");
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "symbolic links want a privilege there")
  void write_linkToMissingFile_createsIt() throws IOException {
    Files.createSymbolicLink(file, Path.of("later/real"));

    AtomicFile.write(file, text("new"));

    assertThat(file).isSymbolicLink();
    assertThat(folder.resolve("later/real")).isRegularFile().hasContent("new");
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "symbolic links want a privilege there")
  void write_linkToItself_saysSo() throws IOException {
    Files.createSymbolicLink(file, file);

    assertThatThrownBy(() -> AtomicFile.write(file, text("new")))
        .isInstanceOf(FileSystemLoopException.class);
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "symbolic links want a privilege there")
  void write_parentIsLinkToFolder_writesThere() throws IOException {
    Path real = Files.createDirectory(folder.resolve("real"));
    Path link = Files.createSymbolicLink(folder.resolve("link"), real);

    AtomicFile.write(link.resolve("file"), text("new"));

    assertThat(real.resolve("file")).hasContent("new");
  }

  @Test
  void write_longestName_works() throws IOException {
    Path longest = folder.resolve("n".repeat(255));

    AtomicFile.write(longest, text("new"));

    assertThat(longest).hasContent("new");
  }

  @Test
  void write_twoThreadsAtOnce_oneWholeContentRemains() throws Exception {
    int writers = 2;
    byte[][] contents = new byte[writers][200_000];
    for (int w = 0; w < writers; w++) {
      Arrays.fill(contents[w], (byte) ('a' + w));
    }
    CyclicBarrier halfWay = new CyclicBarrier(writers); // both have written half, neither ended
    ExecutorService executor = Executors.newFixedThreadPool(writers);
    try {
      for (int round = 0; round < 20; round++) {
        List<Future<?>> futures = new ArrayList<>();
        for (byte[] content : contents) {
          futures.add(
              executor.submit(
                  () -> {
                    AtomicFile.write(
                        file,
                        out -> {
                          out.write(content, 0, 100_000);
                          await(halfWay);
                          out.write(content, 100_000, 100_000);
                        });
                    return null;
                  }));
        }
        for (Future<?> future : futures) {
          future.get();
        }
        assertThat(Files.readAllBytes(file)).isIn(contents[0], contents[1]);
        assertThat(names(folder)).containsExactly("file");
      }
    } finally {
      executor.shutdownNow();
    }
  }

  private static void await(CyclicBarrier barrier) throws IOException {
    try {
      barrier.await();
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  private static AtomicFile.Content text(String text) {
    return out -> out.write(text.getBytes(StandardCharsets.UTF_8));
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }
}
