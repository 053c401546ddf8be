// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/**
 * Runs the start of ONNX Runtime on a thread with a larger stack: on Linux, version 1.29.0 matches
 * the command line of the process against a pattern when it starts, with a recursion that takes
 * some 260 bytes of stack per byte of the command line. A class path of 4 kB overflows a Java
 * thread's stack, which ends the process without a message.
 */
public final class LargeStack {

  private LargeStack() {}

  /** Returns what {@code start} returns, or throws what it throws. */
  public static <T> T call(Supplier<T> start) {
    FutureTask<T> task = new FutureTask<>(start::get);
    // Address space, not memory: only pages that are touched are allocated.
    long stack = (16L << 20) + 512 * commandLineBytes();
    new Thread(null, task, "coracle-onnxruntime-start", stack).start();
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true; // this takes milliseconds: finish, then restore the interrupt
        }
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException exception) {
        throw exception;
      }
      throw (Error) e.getCause(); // a supplier throws no checked exception
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Returns the length of this process's command line, or 0 where the system does not tell. */
  private static long commandLineBytes() {
    Path commandLine = Path.of("/proc/self/cmdline");
    if (!Files.isReadable(commandLine)) {
      return 0;
    }
    try {
      return Files.readAllBytes(commandLine).length;
    } catch (IOException e) {
      return 0;
    }
  }
}
