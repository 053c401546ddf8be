// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;

/** The standard output; remembers why something could not be written, as PrintStream does not. */
final class StandardOutput extends PrintStream {

  private final Recorder recorder;

  StandardOutput() {
    this(new Recorder(new FileOutputStream(FileDescriptor.out)));
  }

  private StandardOutput(Recorder recorder) {
    super(new BufferedOutputStream(recorder), true, Terminal.consoleCharset());
    this.recorder = recorder;
  }

  /** Returns the first failure, or null. */
  @Nullable IOException failure() {
    return recorder.failure;
  }

  private static final class Recorder extends FilterOutputStream {

    private volatile @Nullable IOException failure;

    Recorder(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      try {
        out.write(bytes, offset, length);
      } catch (IOException e) {
        failure = failure == null ? e : failure;
        throw e;
      }
    }
  }
}
