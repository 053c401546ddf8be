// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Replaces a file completely or not at all: readers see the old content or the new, and on any
 * failure (full disk, exception while writing) the old file stays and the temporary one is deleted.
 * Writers in any threads and processes do not interfere: the last one to finish wins.
 */
public final class AtomicFile {

  private static final int MAX_LINKS = 40; // as in Linux, path_resolution(7)

  /** Writes the content of a file to a stream, which the caller closes. */
  @FunctionalInterface
  public interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  /** Checks the temporary file before it takes the place of the old one. */
  @FunctionalInterface
  public interface Check {
    void check(Path temporary) throws IOException;
  }

  private static final Set<Path> UNFINISHED = ConcurrentHashMap.newKeySet();

  private AtomicFile() {}

  /**
   * Deletes the temporary files of all writes under way, which then fail. For when a signal ends
   * the program and the writers have no time left.
   */
  public static void deleteUnfinished() {
    // Failures are ignored: there is nobody to report them to.
    UNFINISHED.removeIf(temporary -> temporary.toFile().delete());
  }

  /**
   * Checks, before long work rather than after it, that {@code file} can be replaced by a file.
   *
   * @throws IOException for a folder, a device, a pipe or a socket
   */
  public static void requireReplaceable(Path file) throws IOException {
    requireFile(followLinks(file.toAbsolutePath()));
  }

  /**
   * Finds out before long work, not after it, whether a folder takes new files; makes it where
   * there is none.
   *
   * @throws IOException that says why not
   */
  public static void requireWritable(Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.delete(Files.createTempFile(folder, ".coracle", ".tmp"));
  }

  private static void requireFile(Path target) throws IOException {
    if (target.getParent() == null || Files.isDirectory(target)) {
      throw new IOException(target + " is a folder; expected the name of a file");
    }
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      // Moving a file over a device or a pipe would remove it.
      throw new IOException(target + " is a device, pipe or socket; expected the name of a file");
    }
  }

  /**
   * Writes a temporary file beside {@code file}, forces it to disk and moves it over {@code file}.
   * Creates the parent folders. Replaces an existing file, or the target of a symbolic link; the
   * result has the permissions of a new file.
   *
   * @throws IOException when the file cannot be written; {@code file} is then unchanged
   */
  public static void write(Path file, Content content) throws IOException {
    write(file, content, temporary -> {});
  }

  /** As {@link #write(Path, Content)}; an exception from {@code check} also leaves the old file. */
  public static void write(Path file, Content content, Check check) throws IOException {
    Path target = followLinks(file.toAbsolutePath());
    requireFile(target);
    Path folder = Objects.requireNonNull(target.getParent());
    createFolders(folder);
    // Not Files.createTempFile: its rw------- would stay on the finished file.
    Path temporary = folder.resolve(".coracle-" + UUID.randomUUID() + ".tmp");
    UNFINISHED.add(temporary);
    try {
      try (FileChannel channel =
              FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
          OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16)) {
        content.writeTo(out);
        out.flush();
        channel.force(true);
      }
      check.check(temporary);
      move(temporary, target);
    } catch (Throwable e) {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      if (!UNFINISHED.contains(temporary)) {
        throw new IOException(file + " is as it was: the program is ending", e);
      }
      if (e instanceof FileSystemException fault && temporary.toString().equals(fault.getFile())) {
        throw withoutTemporary(fault, folder, target);
      }
      throw e;
    } finally {
      UNFINISHED.remove(temporary);
    }
  }

  /** Rewords an exception to name the file that the caller knows instead of the temporary one. */
  private static FileSystemException withoutTemporary(
      FileSystemException fault, Path folder, Path target) {
    String reason = fault.getReason();
    FileSystemException said =
        fault instanceof AccessDeniedException
            ? new AccessDeniedException(folder + ", in which a file is to be made")
            : new FileSystemException(
                target.toString(), null, reason == null ? "its folder takes no new file" : reason);
    said.initCause(fault);
    return said;
  }

  /** Returns the final target of a symbolic link, which need not exist. */
  private static Path followLinks(Path file) throws IOException {
    Path target = file;
    for (int i = 0; Files.isSymbolicLink(target); i++) {
      if (i == MAX_LINKS) {
        throw new FileSystemLoopException(file + " (symbolic links that lead nowhere)");
      }
      target = target.resolveSibling(Files.readSymbolicLink(target));
    }
    return target;
  }

  private static void createFolders(Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      return;
    }
    for (Path path = folder; path != null; path = path.getParent()) {
      if (Files.exists(path)) {
        if (!Files.isDirectory(path)) {
          throw new IOException(path + " is a file; expected a folder");
        }
        break;
      }
    }
    Files.createDirectories(folder);
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING); // some network file systems
    }
  }
}
