// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Keeps what has been created, in words, for whoever has to tell when the rest fails. */
final class Created {

  private final List<String> all = new CopyOnWriteArrayList<>();

  void add(String what, Listener listener) {
    all.add(what);
    listener.line("Created " + what);
  }

  List<String> soFar() {
    return List.copyOf(all);
  }
}
