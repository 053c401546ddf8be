// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.util.Locale;

/** Turns what a builder of the library says of a value into words about a command's option. */
final class SetterMessage {

  private SetterMessage() {}

  /** The library names its setters, the first word; options are written otherwise. */
  static String asOption(IllegalArgumentException e) {
    String message = String.valueOf(e.getMessage());
    String setter = message.split(" ", 2)[0];
    String option = "--" + setter.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    return option + message.substring(setter.length());
  }
}
