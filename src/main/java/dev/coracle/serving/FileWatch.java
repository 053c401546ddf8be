// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import dev.coracle.CoracleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reloads a model when its file has changed and stays as it is from one look to the next, so that a
 * copy under way is not taken for the new model. It looks at the file instead of having the system
 * tell, which does not work on network file systems and through Kubernetes' links.
 */
final class FileWatch implements Runnable {

  private static final Logger LOG = LoggerFactory.getLogger(FileWatch.class);

  private record State(FileTime modified, long size, @Nullable Object key) {}

  private final Path file;
  private final Models models;
  private final String name;
  private @Nullable State loaded;
  private @Nullable State last;

  /** To be made before the model is loaded, so that no change is missed. */
  FileWatch(Path file, Models models, String name) {
    this.file = file;
    this.models = models;
    this.name = name;
    this.loaded = state();
    this.last = loaded;
  }

  @Override
  public void run() {
    State now = state();
    State before = last;
    last = now;
    if (now == null || !now.equals(before) || now.equals(loaded) || models.find(name) == null) {
      return;
    }
    loaded = now; // also where it fails: it is tried again when the file changes again
    try {
      LOG.info("reloaded {}, version {}", name, models.reload(name).version());
    } catch (CoracleException e) {
      LOG.error("cannot reload {}; the earlier model stays: {}", name, e.getMessage());
    }
  }

  /** Returns null where there is no file, as while one replaces another. */
  private @Nullable State state() {
    try {
      BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
      return new State(now.lastModifiedTime(), now.size(), now.fileKey());
    } catch (IOException e) {
      return null;
    }
  }
}
