// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

/** Receives progress while something is created, followed or deleted. */
public interface Listener {

  /** Receives the current status, even if unchanged. One line, no control characters. */
  void status(String text);

  /** Receives an event, or a line of the job's log. One line, no control characters. */
  void line(String text);
}
