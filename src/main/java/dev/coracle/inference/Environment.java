// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import dev.coracle.CoracleException;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Starts ONNX Runtime, once a process, and works around what its 1.29.0 does at start and end:
 *
 * <ul>
 *   <li>It unpacks its libraries every time: see {@link NativeLibraries}.
 *   <li>It needs more stack than a Java thread has: see {@link #onLargeStack}.
 *   <li>Its shutdown hook, which cannot be removed, frees the environment while other threads still
 *       open models with it, and so a plain {@code System.exit} or SIGTERM crashes the JVM. The
 *       native environment counts its references, so {@link #retain} takes one that nobody gives
 *       back.
 * </ul>
 */
final class Environment {

  private static final String NATIVE_PATH = "onnxruntime.native.path";

  private static @Nullable OrtEnvironment started;

  private Environment() {}

  /** Returns the process's environment, which nobody closes; waits for it, even if interrupted. */
  static synchronized OrtEnvironment get() {
    OrtEnvironment environment = started;
    if (environment == null) {
      environment = start();
      started = environment;
    }
    return environment;
  }

  private static OrtEnvironment start() {
    OrtEnvironment environment;
    synchronized (NATIVE_PATH) { // a literal is one object in all class loaders, as properties are
      Path libraries = NativeLibraries.folder();
      if (libraries != null) {
        System.setProperty(NATIVE_PATH, libraries.toString());
      }
      try {
        environment = onLargeStack(libraries);
      } finally {
        if (libraries != null) {
          System.clearProperty(NATIVE_PATH); // a copy of ONNX Runtime in another class loader
        }
      }
    }
    if (isShuttingDown()) { // asked after retain: whoever passes holds an environment that is alive
      throw shuttingDown();
    }
    try {
      environment.setTelemetry(false); // what the start itself records cannot be switched off here
    } catch (OrtException e) {
      throw new CoracleException("ONNX Runtime does not start: \"" + Sessions.reason(e) + "\"", e);
    }
    return environment;
  }

  /**
   * Creates the environment on a thread with a stack of its own size: ONNX Runtime 1.29.0 matches
   * the command line of the process against a pattern when it starts, on Linux, with a recursion
   * that takes some 260 bytes of stack for each byte of it. A class path of 4 kB overruns a Java
   * thread's stack, which ends the process without a word.
   */
  private static OrtEnvironment onLargeStack(@Nullable Path libraries) {
    AtomicReference<OrtEnvironment> environment = new AtomicReference<>();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Runnable create =
        () -> {
          try {
            environment.set(OrtEnvironment.getEnvironment());
            retain();
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
    Throwable e = failure.get();
    if (created != null && e == null) {
      return created;
    }
    if (e instanceof IllegalStateException) { // no more hooks
      throw shuttingDown();
    }
    Throwable cause = e; // of the failed initialisation of a class
    while (cause != null && cause.getCause() != null) {
      cause = cause.getCause();
    }
    throw new CoracleException(
        "ONNX Runtime's native library does not load (%s); it comes for Linux with glibc (x64, aarch64), macOS (aarch64) and Windows (x64), and needs a java.io.tmpdir that it can write to%s"
            .formatted(
                cause,
                libraries == null
                    ? ""
                    : "; it was to come from "
                        + libraries
                        + ", unless coracle.native.cache is off"),
        e);
  }

  /**
   * Takes a reference to the native environment that nobody gives back. There is no public way; the
   * JDK allows this one on the class path and, since ONNX Runtime's jar is an automatic module, on
   * the module path. Where it is refused all the same, a process that exits while it opens a model
   * may crash.
   */
  private static void retain() {
    try {
      Field api = Class.forName("ai.onnxruntime.OnnxRuntime").getDeclaredField("ortApiHandle");
      Method create =
          OrtEnvironment.class.getDeclaredMethod(
              "createHandle", long.class, int.class, String.class);
      api.setAccessible(true);
      create.setAccessible(true);
      int level = OrtLoggingLevel.ORT_LOGGING_LEVEL_WARNING.getValue();
      create.invoke(null, api.getLong(null), level, OrtEnvironment.DEFAULT_NAME);
    } catch (ReflectiveOperationException | RuntimeException e) {
      System.getLogger(Environment.class.getName())
          .log(
              System.Logger.Level.INFO,
              "This JVM may crash when it exits while it opens an ONNX model: ONNX Runtime's"
                  + " environment could not be kept alive",
              e);
    }
  }

  /** Asks in the only way there is: whether a hook is still accepted. */
  private static boolean isShuttingDown() {
    Thread hook = new Thread(() -> {});
    try {
      Runtime.getRuntime().addShutdownHook(hook);
      Runtime.getRuntime().removeShutdownHook(hook);
      return false;
    } catch (IllegalStateException e) {
      return true;
    }
  }

  private static CoracleException shuttingDown() {
    return new CoracleException(
        "ONNX Runtime does not start while the JVM shuts down; open the model before");
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
