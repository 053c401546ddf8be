// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

/** Hears what goes on while something is created, followed or deleted. */
public interface Listener {

  /**
   * Says what goes on now; called again when nothing has changed. One line, no control characters.
   */
  void status(String text);

  /** Says what has happened, or gives a line of the job's log. One line, no control characters. */
  void line(String text);
}
