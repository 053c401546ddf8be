// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.CoracleException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.compressors.gzip.GzipCompressorOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The oracle is the system's tar, where two implementations are compared. */
class ModelArchiveTest {

  @TempDir private Path folder;

  private Path source() throws IOException {
    Path source = Files.createDirectories(folder.resolve("source"));
    Files.writeString(source.resolve("mnist.onnx"), "model");
    Files.createDirectories(source.resolve("code/empty"));
    Files.writeString(source.resolve("code/größe.txt"), "ünicode");
    Files.writeString(source.resolve("code/" + "x".repeat(180)), "long name");
    Files.createSymbolicLink(source.resolve("link"), source.resolve("mnist.onnx"));
    return source;
  }

  private String tar(String... arguments) throws IOException, InterruptedException {
    List<String> command = Stream.concat(Stream.of("tar"), Stream.of(arguments)).toList();
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C.UTF-8");
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  @Test
  void pack_readByTheSystemsTar_hasTheContentAtItsRoot() throws Exception {
    Path archive = folder.resolve("out/model.tar.gz");
    ModelArchive.pack(source(), archive);

    assertThat(tar("tzf", archive.toString()).lines())
        .containsExactlyInAnyOrder(
            "code/",
            "code/empty/",
            "code/größe.txt",
            "code/" + "x".repeat(180),
            "link",
            "mnist.onnx");
    Path target = Files.createDirectories(folder.resolve("target"));
    tar("xzf", archive.toString(), "-C", target.toString());
    assertThat(target.resolve("mnist.onnx")).hasContent("model");
    assertThat(target.resolve("code/größe.txt")).hasContent("ünicode");
    assertThat(Files.isSymbolicLink(target.resolve("link"))).isFalse();
    assertThat(target.resolve("link")).hasContent("model");
  }

  @Test
  void pack_twice_givesTheSameBytes() throws Exception {
    Path source = source();
    ModelArchive.pack(source, folder.resolve("1.tar.gz"));
    Thread.sleep(1100); // a tar counts seconds
    Files.writeString(source.resolve("mnist.onnx"), "model");
    ModelArchive.pack(source, folder.resolve("2.tar.gz"));
    assertThat(folder.resolve("1.tar.gz")).hasSameBinaryContentAs(folder.resolve("2.tar.gz"));
  }

  @Test
  void pack_folderThatIsNotThere_keepsTheEarlierArchive() throws Exception {
    Path archive = Files.writeString(folder.resolve("model.tar.gz"), "earlier");
    assertThatThrownBy(() -> ModelArchive.pack(folder.resolve("none"), archive))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("none does not exist");
    assertThat(archive).hasContent("earlier");
  }

  @Test
  void unpack_ofTheSystemsTar_givesTheSameFiles() throws Exception {
    Path archive = folder.resolve("model.tar.gz");
    Path source = source();
    Files.delete(source.resolve("link")); // tar would write a hard link
    tar("czf", archive.toString(), "-C", source.toString(), ".");
    Path target = folder.resolve("target");
    ModelArchive.unpack(archive, target);
    assertThat(target.resolve("mnist.onnx")).hasContent("model");
    assertThat(target.resolve("code/größe.txt")).hasContent("ünicode");
    assertThat(target.resolve("code/" + "x".repeat(180))).hasContent("long name");
    assertThat(target.resolve("code/empty")).isEmptyDirectory();
  }

  @Test
  void unpack_intoFolderWithContent_isRefusedAndKeepsIt() throws Exception {
    Path archive = folder.resolve("model.tar.gz");
    ModelArchive.pack(source(), archive);
    Path target = Files.createDirectories(folder.resolve("target"));
    Files.writeString(target.resolve("mine"), "mine");
    assertThatThrownBy(() -> ModelArchive.unpack(archive, target))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("not empty");
    assertThat(target).isDirectoryContaining("glob:**/mine");
    assertThat(target.resolve("mnist.onnx")).doesNotExist();
  }

  private interface Writer {
    void write(TarArchiveOutputStream tar) throws IOException;
  }

  private Path archive(Writer writer) throws IOException {
    Path archive = folder.resolve("evil.tar.gz");
    try (OutputStream file = Files.newOutputStream(archive);
        TarArchiveOutputStream tar =
            new TarArchiveOutputStream(new GzipCompressorOutputStream(file), "UTF-8")) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      add(tar, new TarArchiveEntry("mnist.onnx"), "model");
      writer.write(tar);
    }
    return archive;
  }

  private static void add(TarArchiveOutputStream tar, TarArchiveEntry entry, String content)
      throws IOException {
    byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
    entry.setSize(bytes.length);
    tar.putArchiveEntry(entry);
    tar.write(bytes);
    tar.closeArchiveEntry();
  }

  private void assertRefused(Path archive, String message) throws IOException {
    Path target = folder.resolve("target/inner");
    assertThatThrownBy(() -> ModelArchive.unpack(archive, target))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("cannot unpack")
        .hasMessageContaining(message);
    assertThat(target).as("nothing is left").isEmptyDirectory();
    try (Stream<Path> all = Files.walk(folder)) {
      assertThat(all.filter(path -> !path.startsWith(target)))
          .as("nothing was written elsewhere")
          .containsExactlyInAnyOrder(folder, archive, folder.resolve("target"));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../evil",
        "a/../../evil",
        "a/..",
        "..",
        "./../evil",
        "a/b/../../../evil",
        "..\\evil"
      })
  void unpack_nameThatLeadsOut_isRefused(String name) throws IOException {
    assertRefused(
        archive(tar -> add(tar, new TarArchiveEntry(name), "evil")),
        "would lie outside the folder");
  }

  @Test
  void unpack_absoluteName_isRefused() throws IOException {
    String name = folder.resolve("evil").toString();
    assertRefused(
        archive(tar -> add(tar, new TarArchiveEntry(name, true), "evil")),
        "would lie outside the folder");
  }

  static Stream<Consumer<TarArchiveEntry>> special() {
    return Stream.of(
        entry -> entry.setLinkName("/etc/passwd"),
        entry -> entry.setLinkName("mnist.onnx"),
        entry -> entry.setLinkName("../../x"));
  }

  @ParameterizedTest
  @MethodSource("special")
  void unpack_links_areRefused(Consumer<TarArchiveEntry> linkTo) throws IOException {
    for (byte type : new byte[] {TarConstants.LF_SYMLINK, TarConstants.LF_LINK}) {
      TarArchiveEntry entry = new TarArchiveEntry("link", type);
      linkTo.accept(entry);
      Path archive = archive(tar -> add(tar, entry, ""));
      assertRefused(archive, "entry 'link' is a link, device or pipe");
      Files.delete(archive);
      Files.delete(folder.resolve("target/inner"));
      Files.delete(folder.resolve("target"));
    }
  }

  @ParameterizedTest
  @ValueSource(bytes = {TarConstants.LF_CHR, TarConstants.LF_BLK, TarConstants.LF_FIFO})
  void unpack_devicesAndPipes_areRefused(byte type) throws IOException {
    assertRefused(
        archive(tar -> add(tar, new TarArchiveEntry("special", type), "")),
        "entry 'special' is a link, device or pipe");
  }

  @Test
  void unpack_fileThroughALinkOfTheSameArchive_isRefused() throws IOException {
    TarArchiveEntry link = new TarArchiveEntry("out", TarConstants.LF_SYMLINK);
    link.setLinkName(folder.toString());
    assertRefused(
        archive(
            tar -> {
              add(tar, link, "");
              add(tar, new TarArchiveEntry("out/evil"), "evil");
            }),
        "is a link");
  }

  @Test
  void unpack_sameNameTwice_isRefused() throws IOException {
    assertRefused(
        archive(tar -> add(tar, new TarArchiveEntry("mnist.onnx"), "other")),
        "entry 'mnist.onnx' comes twice");
  }

  @Test
  void unpack_bomb_isRefusedBeforeItFillsTheDisk() throws IOException {
    long size = 128L << 20;
    Path archive =
        archive(
            tar -> {
              TarArchiveEntry entry = new TarArchiveEntry("zeros");
              entry.setSize(size);
              tar.putArchiveEntry(entry);
              byte[] zeros = new byte[1 << 20];
              for (long i = 0; i < size; i += zeros.length) {
                tar.write(zeros);
              }
              tar.closeArchiveEntry();
            });
    assertThat(Files.size(archive)).isLessThan(1 << 20);
    assertRefused(archive, "more than 100 times its own size");
  }

  @Test
  void unpack_bombAfterTheEndOfTheTar_isRefused() throws IOException {
    Path archive = folder.resolve("evil.tar.gz");
    try (OutputStream file = Files.newOutputStream(archive);
        GzipCompressorOutputStream gzip = new GzipCompressorOutputStream(file)) {
      TarArchiveOutputStream tar = new TarArchiveOutputStream(gzip, "UTF-8");
      add(tar, new TarArchiveEntry("mnist.onnx"), "model");
      tar.finish();
      for (int i = 0; i < 64; i++) {
        gzip.write(new byte[1 << 20]);
      }
    }
    assertRefused(archive, "more than 100 times its own size");
  }

  @Test
  void unpack_nameThatIsABomb_isRefused() throws IOException {
    assertRefused(
        archive(
            tar -> {
              TarArchiveEntry name =
                  new TarArchiveEntry("././@LongLink", TarConstants.LF_GNUTYPE_LONGNAME);
              add(tar, name, "x".repeat(64 << 20));
            }),
        "more than 100 times its own size");
  }

  @Test
  void unpack_sparseFile_isRefused() throws Exception {
    Path archive = folder.resolve("sparse.tar.gz");
    Path sparse = folder.resolve("sparse");
    try (RandomAccessFile file = new RandomAccessFile(sparse.toFile(), "rw")) {
      file.setLength(1L << 30);
    }
    String[] formats = {"gnu", "posix"};
    for (String format : formats) {
      tar("czSf", archive.toString(), "--format", format, "-C", folder.toString(), "sparse");
      Path target = folder.resolve(format);
      assertThatThrownBy(() -> ModelArchive.unpack(archive, target))
          .isInstanceOf(CoracleException.class)
          .hasMessageContaining("or sparse");
      assertThat(target).isEmptyDirectory();
    }
  }

  @Test
  void unpack_damagedIntoALinkedFolder_leavesNothingThere() throws IOException {
    Path archive = archive(tar -> add(tar, new TarArchiveEntry("../evil"), "evil"));
    Path real = Files.createDirectory(folder.resolve("real"));
    Path link = Files.createSymbolicLink(folder.resolve("linked"), real);
    assertThatThrownBy(() -> ModelArchive.unpack(archive, link))
        .isInstanceOf(CoracleException.class);
    assertThat(real).isEmptyDirectory();
  }

  @Test
  void unpack_tooManyEntries_isRefused() throws IOException {
    assertRefused(
        archive(
            tar -> {
              for (int i = 0; i < 10_000; i++) {
                add(tar, new TarArchiveEntry("f" + i), "");
              }
            }),
        "more than 10000 entries");
  }

  @Test
  void unpack_cutOffAnywhere_isRefused() throws IOException {
    byte[] noise = new byte[5000];
    new Random(1).nextBytes(noise);
    Path whole =
        archive(
            tar ->
                add(
                    tar,
                    new TarArchiveEntry("noise"),
                    new String(noise, StandardCharsets.ISO_8859_1)));
    byte[] bytes = Files.readAllBytes(whole);
    Files.delete(whole);
    for (int length = 0; length < bytes.length; length += 97) {
      Path cut = folder.resolve("cut.tar.gz");
      byte[] part = new byte[length];
      System.arraycopy(bytes, 0, part, 0, length);
      Files.write(cut, part);
      Path target = folder.resolve("target-" + length);
      assertThatThrownBy(() -> ModelArchive.unpack(cut, target))
          .as("cut at %d", length)
          .isInstanceOf(CoracleException.class);
      assertThat(target).isEmptyDirectory();
    }
  }

  @Test
  void unpack_everyDamagedByte_isRefusedOrGivesTheSameFiles() throws IOException {
    Path whole = archive(tar -> add(tar, new TarArchiveEntry("code/x"), "content"));
    byte[] bytes = Files.readAllBytes(whole);
    for (int i = 0; i < bytes.length; i++) {
      byte[] damaged = bytes.clone();
      damaged[i] ^= 0x55;
      Path file = Files.write(folder.resolve("damaged.tar.gz"), damaged);
      Path target = folder.resolve("target-" + i);
      try {
        ModelArchive.unpack(file, target);
        assertThat(target.resolve("mnist.onnx")).as("byte %d", i).hasContent("model");
        assertThat(target.resolve("code/x")).hasContent("content");
      } catch (CoracleException e) {
        assertThat(target).isEmptyDirectory();
      }
    }
  }
}
