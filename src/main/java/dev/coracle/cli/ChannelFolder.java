// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.CoracleException;
import dev.coracle.TemporaryFolder;
import dev.coracle.dataset.IdxStream;
import dev.coracle.dataset.MnistFile;
import dev.coracle.sagemaker.TrainingEnvironment.Channel;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The folder of a channel; a temporary one where the data come through a pipe. */
record ChannelFolder(Path path, @Nullable TemporaryFolder temporary) implements AutoCloseable {

  private static final int PIPE_SECONDS = 60;

  /**
   * Returns the folder of a channel.
   *
   * @param files the files that a pipe delivers, in that order
   */
  static ChannelFolder of(Channel channel, List<MnistFile> files) {
    if (!channel.isPipe()) {
      return new ChannelFolder(channel.path(), null);
    }
    // SageMaker creates a pipe for each epoch; the data stay in memory, so the first is enough.
    Path pipe = channel.path().resolveSibling(channel.path().getFileName() + "_0");
    TemporaryFolder temporary = TemporaryFolder.create();
    boolean isComplete = false;
    try {
      awaitPipe(pipe);
      try (InputStream in = Files.newInputStream(pipe)) {
        IdxStream.split(in, "channel " + channel.name(), files, temporary.path());
      }
      isComplete = true;
      return new ChannelFolder(temporary.path(), temporary);
    } catch (IOException e) {
      throw new CoracleException(
          "cannot read channel %s: %s".formatted(channel.name(), CoracleException.reason(e)), e);
    } finally {
      if (!isComplete) {
        temporary.close();
      }
    }
  }

  private static void awaitPipe(Path pipe) {
    for (int i = 0; !Files.exists(pipe); i++) {
      if (i == PIPE_SECONDS * 10) {
        throw new CoracleException(
            "expected the pipe %s within %d s, as the channel has the input mode Pipe; File needs none"
                .formatted(pipe, PIPE_SECONDS));
      }
      try {
        TimeUnit.MILLISECONDS.sleep(100);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CoracleException("interrupted while waiting for the pipe " + pipe, e);
      }
    }
  }

  @Override
  public void close() {
    if (temporary != null) {
      temporary.close();
    }
  }
}
