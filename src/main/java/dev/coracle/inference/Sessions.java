// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.coracle.CoracleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;

/** Makes ONNX Runtime sessions, and turns what can go wrong with a file into one sentence. */
final class Sessions {

  private Sessions() {}

  /** Creates a session for a model, which it copies; the caller closes it. */
  static OrtSession create(ModelFile model, ModelOptions options) {
    OrtEnvironment environment = environment();
    try (OrtSession.SessionOptions sessionOptions = new OrtSession.SessionOptions()) {
      environment.setTelemetry(false); // what the start itself records cannot be switched off here
      sessionOptions.setIntraOpNumThreads(options.intraOpThreads());
      sessionOptions.setInterOpNumThreads(1);
      // A spinning pool keeps whole cores busy between two calls.
      sessionOptions.addConfigEntry("session.intra_op.allow_spinning", "0");
      sessionOptions.addConfigEntry("session.inter_op.allow_spinning", "0");
      ExternalData.Tensors weights = model.externalData().addTo(sessionOptions, environment);
      try (weights) {
        return environment.createSession(model.bytes(), sessionOptions);
      }
    } catch (OrtException e) {
      throw new CoracleException(
          model.file()
              + ": expected a complete ONNX model that ONNX Runtime can load, but it said \""
              + reason(e)
              + "\"; check that the file was copied to its end and holds its weights",
          e);
    }
  }

  /** Closes a session that cannot be used; what that throws joins the failure. */
  static void closeAfter(Throwable failure, OrtSession session) {
    try {
      session.close();
    } catch (OrtException e) {
      failure.addSuppressed(e);
    }
  }

  /** Returns what ONNX Runtime said without the error code that its Java binding puts before. */
  static String reason(OrtException e) {
    String message = String.valueOf(e.getMessage());
    return message.replaceFirst("^Error code - \\w+ - message: ", "").strip();
  }

  /**
   * Returns the process's environment, creating it on a thread with a stack of its own size: ONNX
   * Runtime 1.29.0 matches the command line of the process against a pattern when it starts, on
   * Linux, with a recursion that takes some 260 bytes of stack for each byte of it. A class path of
   * 4 kB overruns a Java thread's stack, which ends the process without a word.
   */
  static OrtEnvironment environment() {
    AtomicReference<OrtEnvironment> environment = new AtomicReference<>();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Runnable create =
        () -> {
          try {
            environment.set(OrtEnvironment.getEnvironment());
          } catch (RuntimeException | LinkageError e) {
            failure.set(e);
          }
        };
    // Address space, not memory: only the pages that are touched become real.
    long stack = (16L << 20) + 512 * commandLineBytes();
    Thread thread = new Thread(null, create, "coracle-onnxruntime-start", stack);
    thread.start();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true; // this takes milliseconds: finish, then tell
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    OrtEnvironment created = environment.get();
    if (created == null) {
      Throwable e = failure.get();
      throw new CoracleException(
          "ONNX Runtime's native library does not load (%s); it comes for Linux with glibc (x64, aarch64), macOS (aarch64) and Windows (x64), and needs a java.io.tmpdir that it can write to"
              .formatted(e),
          e);
    }
    return created;
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
