// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import dev.coracle.AtomicFile;
import dev.coracle.CoracleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Writes the report of a training run as one self-contained HTML page: no network, no script, no
 * second file. It follows the reader's light or dark setting, fits a phone and can be printed.
 */
public final class HtmlReport {

  private HtmlReport() {}

  /**
   * Writes the page to a temporary file beside {@code file} and moves it there in one step, so that
   * a reader sees the old page or the new one, and a failure leaves the old one. Missing folders
   * are created. Sets the system property {@code java.awt.headless} to true if it is not set.
   *
   * <p>Without XChart, or where Java finds no fonts, the page has a table instead of the loss curve
   * and says what to install.
   *
   * @throws CoracleException if the file cannot be written
   */
  public static void write(Path file, ReportData data) {
    // A lambda, not a method reference, so that LossChart is loaded where its failure is handled.
    write(file, data, (losses, epochs, w, h, id) -> LossChart.svg(losses, epochs, w, h, id));
  }

  static void write(Path file, ReportData data, LossSection.Plot plot) {
    byte[] page = Page.render(data, plot).getBytes(StandardCharsets.UTF_8);
    try {
      AtomicFile.write(file, out -> out.write(page));
    } catch (IOException e) {
      throw new CoracleException(
          "Cannot write the report to " + file + ": " + CoracleException.reason(e), e);
    }
  }
}
