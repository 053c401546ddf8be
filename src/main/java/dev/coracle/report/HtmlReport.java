// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import dev.coracle.CoracleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Writes what a training run did as one HTML page that needs nothing else: no network, no script,
 * no second file. It follows the reader's light or dark setting, fits a phone and prints.
 */
public final class HtmlReport {

  private HtmlReport() {}

  /**
   * Writes the page to a temporary file beside {@code file} and moves it there in one step, so that
   * a reader sees the old page or the new one, and a failure leaves the old one. Missing folders
   * are made. Sets the system property {@code java.awt.headless} to true if it is not set.
   *
   * <p>Without XChart, or where Java finds no fonts, the page has a table in place of the loss
   * curve and says what to install.
   *
   * @throws CoracleException if the file cannot be written
   */
  public static void write(Path file, ReportData data) {
    // A lambda, not a method reference: LossChart is to be loaded where its failure is expected.
    write(file, data, (losses, epochs, w, h, id) -> LossChart.svg(losses, epochs, w, h, id));
  }

  static void write(Path file, ReportData data, LossSection.Plot plot) {
    byte[] page = Page.render(data, plot).getBytes(StandardCharsets.UTF_8);
    Path target = file.toAbsolutePath();
    if (Files.isDirectory(target)) {
      throw new CoracleException("Cannot write the report to " + file + ": it is a folder");
    }
    Path folder = target.getParent();
    if (folder == null) {
      throw new CoracleException("Cannot write the report to " + file + ": not a file name");
    }
    Path temporary = folder.resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      makeFolder(folder);
      try {
        // A plain new file, unlike Files.createTempFile's, is readable as the user's umask says.
        Files.write(temporary, page, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        move(temporary, target);
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      throw new CoracleException("Cannot write the report to " + file + ": " + e, e);
    }
  }

  private static void makeFolder(Path folder) throws IOException {
    try {
      Files.createDirectories(folder);
    } catch (FileAlreadyExistsException e) {
      throw new IOException(folder + " is a file, expected a folder", e);
    }
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }
}
