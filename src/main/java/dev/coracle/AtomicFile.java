// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Replaces a file as a whole or not at all: readers see the old content or the new, and on any
 * failure (full disk, exception while writing) the old file stays and the temporary one goes.
 */
public final class AtomicFile {

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

  private AtomicFile() {}

  /**
   * Writes a temporary file beside {@code file}, forces it to disk and moves it over {@code file}.
   * Creates the parent folders. Overwrites an existing file.
   *
   * @throws IOException when the file cannot be written; {@code file} is then as it was
   */
  public static void write(Path file, Content content) throws IOException {
    write(file, content, temporary -> {});
  }

  /** As {@link #write(Path, Content)}; an exception of {@code check} leaves the old file too. */
  public static void write(Path file, Content content, Check check) throws IOException {
    Path target = file.toAbsolutePath();
    Path folder = target.getParent();
    if (folder == null || Files.isDirectory(target)) {
      throw new IOException(target + " is a folder; expected the name of a file");
    }
    Files.createDirectories(folder);
    // Not Files.createTempFile: its rw------- would stay on the finished file.
    Path temporary =
        folder.resolve("." + target.getFileName() + "." + ProcessHandle.current().pid() + ".tmp");
    try {
      try (FileChannel channel =
              FileChannel.open(
                  temporary,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.TRUNCATE_EXISTING,
                  StandardOpenOption.WRITE);
          OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16)) {
        content.writeTo(out);
        out.flush();
        channel.force(true);
      }
      check.check(temporary);
      move(temporary, target);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING); // some network file systems
    }
  }
}
