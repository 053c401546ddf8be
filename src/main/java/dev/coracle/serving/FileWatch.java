// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells when a file has changed and then stayed the same from one look to the next, so that a copy
 * under way is not taken for a new model. It polls the file, since notifications by the system do
 * not work on network file systems and through Kubernetes' links. For one thread at a time.
 */
final class FileWatch {

  /** How often to look. */
  static final int PERIOD_MS = 1000;

  /** How long to wait before a content that could not be loaded is tried again. */
  static final int RETRY_SECONDS = 30;

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
  private final LongSupplier nanoTime;
  private @Nullable State known; // of the content that is loaded
  private @Nullable State told;
  private @Nullable State last;
  private long toldNanos;
  private long lastNanos;

  /** To be made before the file is read, so that no change is missed. */
  FileWatch(Path file) {
    this(file, System::nanoTime);
  }

  FileWatch(Path file, LongSupplier nanoTime) {
    this.file = file;
    this.nanoTime = nanoTime;
    this.known = State.of(file);
    this.last = known;
    this.lastNanos = nanoTime.getAsLong();
  }

  /**
   * Looks at the file; returns true for a change, and until {@link #loaded} says that it has been
   * loaded, every half minute again. Does not look again within half a period, as happens when
   * several looks were delayed: a copy under way could look unchanged for so short a time.
   */
  boolean hasChanged() {
    long nanos = nanoTime.getAsLong();
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
    if (now.equals(told) && nanos - toldNanos < TimeUnit.SECONDS.toNanos(RETRY_SECONDS)) {
      return false;
    }
    told = now;
    toldNanos = nanos;
    return true;
  }

  /** Says that the content of which {@link #hasChanged} told last is loaded. */
  void loaded() {
    known = told;
  }
}
