// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import java.util.ArrayList;
import java.util.List;

/** Keeps what a listener hears. */
final class Recorder implements Listener {

  final List<String> statuses = new ArrayList<>();
  final List<String> lines = new ArrayList<>();

  @Override
  public void status(String text) {
    statuses.add(text);
  }

  @Override
  public void line(String text) {
    lines.add(text);
  }
}
