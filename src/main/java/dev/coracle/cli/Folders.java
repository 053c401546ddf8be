// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.CoracleException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** Makes and deletes folders, with errors in words. */
final class Folders {

  private static final Set<Path> TEMPORARY = ConcurrentHashMap.newKeySet();

  private Folders() {}

  /** Makes a folder for the caller to {@link #delete}. */
  static Path temporary() {
    try {
      Path folder = Files.createTempDirectory("coracle");
      TEMPORARY.add(folder);
      return folder;
    } catch (IOException e) {
      throw new CoracleException(
          "cannot make a temporary folder: " + CoracleException.reason(e), e);
    }
  }

  /** Finds out before long work, not after it; throws an exception that says why not. */
  static void requireWritable(Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.delete(Files.createTempFile(folder, ".coracle", ".tmp"));
  }

  /** Deletes what {@link #temporary} has made, as far as that goes when the program is ended. */
  static void deleteTemporary() {
    for (Path folder : TEMPORARY) {
      try {
        delete(folder);
      } catch (CoracleException e) {
        // somebody still writes there; nobody could be told
      }
    }
  }

  /** Deletes a folder with all that it has; links are deleted, not followed. */
  static void delete(Path folder) {
    TEMPORARY.remove(folder);
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException | UncheckedIOException e) {
      throw new CoracleException("cannot delete " + folder + ": " + e.getMessage(), e);
    }
  }
}
