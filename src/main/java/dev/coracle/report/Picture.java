// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import dev.coracle.report.ReportData.TestSet;

/** Embeds a test image, pixel by pixel. */
final class Picture {

  private Picture() {}

  static void append(Html html, TestSet set, int image, String alternative) {
    int offset = image * set.rows() * set.columns();
    html.add("<img width=\"" + set.columns() + "\" height=\"" + set.rows() + "\" alt=\"")
        .text(alternative)
        .add("\" src=\"")
        .add(GreyPng.dataUri(set.pixels(), offset, set.rows(), set.columns()))
        .add("\"/>");
  }
}
