// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * A folder among the system's temporary files, which {@link #close} deletes with all that is in it.
 * Thread-safe.
 */
public final class TemporaryFolder implements AutoCloseable {

  private static final Set<TemporaryFolder> OPEN = ConcurrentHashMap.newKeySet();

  private final Path path;

  private TemporaryFolder(Path path) {
    this.path = path;
  }

  /**
   * Makes a folder that only the user of this process can read.
   *
   * @throws CoracleException if the system's folder for temporary files takes none
   */
  public static TemporaryFolder create() {
    try {
      TemporaryFolder folder = new TemporaryFolder(Files.createTempDirectory("coracle"));
      OPEN.add(folder);
      return folder;
    } catch (IOException e) {
      throw new CoracleException(
          "cannot make a temporary folder: " + CoracleException.reason(e), e);
    }
  }

  /**
   * Deletes all folders that are open, as far as possible. For the end of a program by a signal,
   * when their owners have no time left.
   */
  public static void deleteAll() {
    for (TemporaryFolder folder : OPEN) {
      try {
        folder.close();
      } catch (CoracleException e) {
        // somebody still writes there; nobody could be told
      }
    }
  }

  public Path path() {
    return path;
  }

  /**
   * Deletes the folder; links in it are deleted, not followed. Does nothing the second time.
   *
   * @throws CoracleException if something in it cannot be deleted
   */
  @Override
  public void close() {
    if (!OPEN.remove(this)) {
      return;
    }
    try (Stream<Path> all = Files.walk(path)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    } catch (IOException | UncheckedIOException e) {
      throw new CoracleException("cannot delete " + path + ": " + e.getMessage(), e);
    }
  }
}
