// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.util.Locale;

/** Rephrases a message of one of the library's builders in terms of a command's option. */
final class SetterMessage {

  private SetterMessage() {}

  /** Replaces the first word of the message, the name of a setter, by the option. */
  static String asOption(IllegalArgumentException e) {
    String message = String.valueOf(e.getMessage());
    String setter = message.split(" ", 2)[0];
    String option = "--" + setter.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    return option + message.substring(setter.length());
  }
}
