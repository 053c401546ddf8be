// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Tells when a file has changed and then stayed the same from one look to the next, so that a copy
 * under way is not taken for a new model. It polls the file, since notifications by the system do
 * not work on network file systems and through Kubernetes' links. For one thread at a time.
 */
final class FileWatch {

  /** How often to look. */
  static final int PERIOD_MS = 1000;

  /** Attributes that tell one content of a file from another without reading it. */
  record State(FileTime modified, long size, @Nullable Object key) {

    /** Returns null where there is no file, as may be while one replaces another. */
    static @Nullable State of(Path file) {
      try {
        BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
        return new State(now.lastModifiedTime(), now.size(), now.fileKey());
      } catch (IOException e) {
        return null;
      }
    }
  }

  private final Path file;
  private @Nullable State known;
  private @Nullable State last;
  private long lastNanos = System.nanoTime();

  /** To be made before the file is read, so that no change is missed. */
  FileWatch(Path file) {
    this.file = file;
    this.known = State.of(file);
    this.last = known;
  }

  /**
   * Looks at the file; returns true once for each change. Does not look again within half a period,
   * as happens when several looks were delayed: a copy under way could look unchanged for so short
   * a time.
   */
  boolean hasChanged() {
    long nanos = System.nanoTime();
    if (nanos - lastNanos < TimeUnit.MILLISECONDS.toNanos(PERIOD_MS / 2)) {
      return false;
    }
    lastNanos = nanos;
    State now = State.of(file);
    State before = last;
    last = now;
    if (now == null || !now.equals(before) || now.equals(known)) {
      return false;
    }
    known = now;
    return true;
  }
}
