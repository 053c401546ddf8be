// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.coracle.CoracleException;
import dev.coracle.LargeStack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes ONNX Runtime sessions, and turns what can go wrong with a file into one sentence. */
final class Sessions {

  private Sessions() {}

  /** Creates a session for the content of a file, which it copies; the caller closes it. */
  static OrtSession create(Path file, byte[] bytes, ModelOptions options) {
    OrtEnvironment environment = environment();
    try (OrtSession.SessionOptions sessionOptions = new OrtSession.SessionOptions()) {
      environment.setTelemetry(false); // what the start itself records cannot be switched off here
      sessionOptions.setIntraOpNumThreads(options.intraOpThreads());
      sessionOptions.setInterOpNumThreads(1);
      // A spinning pool keeps whole cores busy between two calls.
      sessionOptions.addConfigEntry("session.intra_op.allow_spinning", "0");
      sessionOptions.addConfigEntry("session.inter_op.allow_spinning", "0");
      return environment.createSession(bytes, sessionOptions);
    } catch (OrtException e) {
      throw new CoracleException(
          file
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

  static byte[] read(Path file) {
    if (Files.isDirectory(file)) {
      throw new CoracleException(file + " is a directory; give the ONNX file in it");
    }
    if (!Files.exists(file)) {
      throw new CoracleException(file + " does not exist; give the path of an ONNX file");
    }
    try {
      long size = Files.size(file);
      if (size > Integer.MAX_VALUE) { // protobuf's own limit
        throw new CoracleException(
            file + ": expected an ONNX file of 2 GiB at most, found " + size + " bytes");
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new CoracleException(file + " cannot be read: " + CoracleException.reason(e), e);
    }
  }

  /** Returns the process's environment, creating it if there is none. */
  static OrtEnvironment environment() {
    try {
      return LargeStack.call(OrtEnvironment::getEnvironment);
    } catch (RuntimeException | LinkageError e) {
      throw new CoracleException(
          "ONNX Runtime's native library does not load (%s); it comes for Linux with glibc (x64, aarch64), macOS (aarch64) and Windows (x64), and needs a java.io.tmpdir that it can write to"
              .formatted(e),
          e);
    }
  }
}
