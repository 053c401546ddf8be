// SPDX-License-Identifier: Apache-2.0
/**
 * Shows the results of a training run: {@link dev.coracle.report.HtmlReport} writes a page to look
 * at, {@link dev.coracle.report.DigitArt} draws pictures in a terminal. Takes plain data only;
 * XChart, used in one class, draws the loss curve and may be absent.
 */
@NullMarked
package dev.coracle.report;

import org.jspecify.annotations.NullMarked;
