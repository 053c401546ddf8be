// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Records in words what has been created, to be reported when the rest fails. */
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
