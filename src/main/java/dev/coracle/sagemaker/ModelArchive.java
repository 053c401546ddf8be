// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import dev.coracle.AtomicFile;
import dev.coracle.CoracleException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorOutputStream;

/**
 * Writes and unpacks {@code model.tar.gz}: the content of a folder, at the root of the archive. The
 * folder must not change meanwhile.
 *
 * <p>Archives are not trusted: the name of an entry decides where it is written. Only folders and
 * regular files that stay below the target are unpacked; Python's {@code extractall} used to write
 * wherever the archive said (CVE-2007-4559).
 */
public final class ModelArchive {

  private static final int MAX_ENTRIES = 10_000;
  private static final long MAX_BYTES = 20L << 30;

  /** Weights compress by only a tenth; this is for reports, and networks of mostly zeros. */
  private static final long MAX_RATIO = 100;

  private static final long SMALL = 16 << 20;

  private ModelArchive() {}

  /**
   * Writes the content of a folder, following links, in the order of names and without times, so
   * that the same content gives the same bytes.
   *
   * @throws CoracleException if the folder cannot be read or the archive cannot be written; an
   *     earlier archive is then unchanged
   */
  public static void pack(Path folder, Path archive) {
    try {
      List<Path> files = content(folder);
      AtomicFile.write(archive, out -> write(folder, files, out));
    } catch (IOException e) {
      throw new CoracleException(
          "cannot pack %s into %s: %s".formatted(folder, archive, CoracleException.reason(e)), e);
    }
  }

  private static List<Path> content(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
      return all.filter(path -> !path.equals(folder))
          .sorted(Comparator.comparing(path -> name(folder, path)))
          .toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static String name(Path folder, Path path) {
    return folder.relativize(path).toString().replace(path.getFileSystem().getSeparator(), "/");
  }

  private static void write(Path folder, List<Path> files, OutputStream out) throws IOException {
    GzipCompressorOutputStream gzip = new GzipCompressorOutputStream(out);
    TarArchiveOutputStream tar = new TarArchiveOutputStream(gzip, "UTF-8");
    tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
    tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
    tar.setAddPaxHeadersForNonAsciiNames(true);
    for (Path file : files) {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      boolean isFolder = attributes.isDirectory();
      if (!isFolder && !attributes.isRegularFile()) {
        throw new IOException(file + " is a device, pipe or socket; expected files and folders");
      }
      TarArchiveEntry entry = new TarArchiveEntry(name(folder, file) + (isFolder ? "/" : ""));
      entry.setLastModifiedTime(FileTime.fromMillis(0));
      entry.setMode(isFolder ? 0755 : 0644);
      entry.setSize(isFolder ? 0 : attributes.size());
      tar.putArchiveEntry(entry);
      if (!isFolder) {
        Files.copy(file, tar);
      }
      tar.closeArchiveEntry();
    }
    tar.finish();
    gzip.finish();
  }

  /**
   * Unpacks an archive into a folder that does not exist yet or is empty.
   *
   * @throws CoracleException if the archive is damaged, its content is implausibly large for its
   *     size, or an entry is a link or a device or would lie outside the folder; then nothing of it
   *     is left, and nothing outside the folder has been written
   */
  public static void unpack(Path archive, Path folder) {
    try {
      requireEmpty(folder);
      Files.createDirectories(folder);
      Path target = folder.toRealPath(); // of a link, the target is emptied on failure
      try {
        read(archive, target);
      } catch (IOException | RuntimeException | Error e) {
        deleteContent(target, e);
        throw e;
      }
    } catch (IOException | IllegalArgumentException e) { // the latter for a damaged header
      String reason = e instanceof IOException io ? CoracleException.reason(io) : e.getMessage();
      throw new CoracleException(
          "cannot unpack %s into %s: %s".formatted(archive, folder, reason), e);
    }
  }

  private static void requireEmpty(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (Stream<Path> content = Files.list(folder)) {
        if (content.findAny().isPresent()) {
          throw new IOException("the folder is not empty; choose another, or empty it");
        }
      }
    }
  }

  private static void read(Path archive, Path target) throws IOException {
    long room = Math.min(MAX_BYTES, SMALL + MAX_RATIO * Files.size(archive));
    int entries = 0;
    try (InputStream file = Files.newInputStream(archive);
        InputStream gzip = new Limited(new GzipCompressorInputStream(file), room);
        TarArchiveInputStream tar = new TarArchiveInputStream(gzip, "UTF-8")) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        if (++entries > MAX_ENTRIES) {
          throw new IOException("it has more than %d entries".formatted(MAX_ENTRIES));
        }
        Path path = place(entry, target);
        if (entry.isDirectory()) {
          Files.createDirectories(path);
          continue;
        }
        Files.createDirectories(path.getParent());
        copy(tar, path, entry);
      }
      // The rest is padding, read because the checksum comes at the end.
      gzip.transferTo(OutputStream.nullOutputStream());
    }
  }

  /** Returns the path for an entry, or throws if it is not allowed. */
  private static Path place(TarArchiveEntry entry, Path target) throws IOException {
    String name = entry.getName();
    byte kind = entry.getLinkFlag();
    if (entry.isSparse() // its zeros are not in the archive and would evade the limit
        || (!entry.isDirectory()
            && kind != TarConstants.LF_NORMAL
            && kind != TarConstants.LF_OLDNORM
            && kind != TarConstants.LF_CONTIG)) {
      throw new IOException(
          "entry %s is a link, device or pipe, or sparse; expected files and folders"
              .formatted(quoted(name)));
    }
    try {
      Path path = target.resolve(name).normalize();
      if (!name.startsWith("/") && path.startsWith(target) && !hasParentStep(name)) {
        if (!path.equals(target) || entry.isDirectory()) {
          return path;
        }
      }
    } catch (InvalidPathException e) {
      throw new IOException("entry %s has no valid name".formatted(quoted(name)), e);
    }
    throw new IOException("entry %s would lie outside the folder".formatted(quoted(name)));
  }

  private static boolean hasParentStep(String name) {
    return List.of(name.split("[/\\\\]", -1)).contains("..");
  }

  private static String quoted(String name) {
    String shown = name.length() > 100 ? name.substring(0, 100) + "…" : name;
    return "'" + shown.replaceAll("[\\p{Cc}\\p{Cf}]", "?") + "'";
  }

  private static void copy(TarArchiveInputStream tar, Path path, TarArchiveEntry entry)
      throws IOException {
    long written;
    // A name that occurs twice is refused as ambiguous.
    try (OutputStream out =
        Files.newOutputStream(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      written = tar.transferTo(out);
    } catch (FileAlreadyExistsException e) {
      throw new IOException("entry %s comes twice".formatted(quoted(entry.getName())), e);
    }
    if (written != entry.getRealSize()) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "entry %s ends after %d of %d bytes",
              quoted(entry.getName()),
              written,
              entry.getRealSize()));
    }
  }

  private static void deleteContent(Path folder, Throwable cause) {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        if (!path.equals(folder)) {
          Files.delete(path);
        }
      }
    } catch (IOException | UncheckedIOException e) {
      cause.addSuppressed(e);
    }
  }

  /**
   * Returns no more bytes than a plausible archive has. All bytes count, not only those of files: a
   * name can be a bomb too.
   */
  private static final class Limited extends FilterInputStream {

    private long room;

    Limited(InputStream in, long room) {
      super(in);
      this.room = room;
    }

    private long count(long bytes) throws IOException {
      room -= Math.max(0, bytes);
      if (room < 0) {
        throw new IOException(
            "its content is more than %d times its own size, or more than %d GiB"
                .formatted(MAX_RATIO, MAX_BYTES >> 30));
      }
      return bytes;
    }

    @Override
    public int read() throws IOException {
      int value = in.read();
      count(value < 0 ? 0 : 1);
      return value;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      return (int) count(in.read(buffer, offset, length));
    }

    @Override
    public long skip(long bytes) throws IOException {
      return count(in.skip(bytes));
    }
  }
}
