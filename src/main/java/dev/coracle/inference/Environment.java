// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import dev.coracle.CoracleException;
import dev.coracle.LargeStack;
import java.lang.module.ModuleDescriptor.Version;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Starts ONNX Runtime, once per process, and works around what version 1.29.0 does at start and
 * shutdown:
 *
 * <ul>
 *   <li>It unpacks its libraries every time: see {@link NativeLibraries}.
 *   <li>It needs more stack than a Java thread has: see {@link LargeStack}.
 *   <li>Its shutdown hook, which cannot be removed, frees the environment while other threads may
 *       still be opening models with it, so that a plain {@code System.exit} or SIGTERM crashes the
 *       JVM. The native environment counts its references, so {@link #retain} takes one that is
 *       never released.
 * </ul>
 */
final class Environment {

  private static final String NATIVE_PATH = "onnxruntime.native.path";

  /** The version that the rules of {@link ModelRules} are for. */
  private static final String VERSION = "1.29.0";

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
    synchronized (NATIVE_PATH) { // like the properties, a literal is shared by all class loaders
      Path libraries = NativeLibraries.folder();
      if (libraries != null) {
        System.setProperty(NATIVE_PATH, libraries.toString());
      }
      try {
        environment = create(libraries);
      } finally {
        if (libraries != null) {
          System.clearProperty(NATIVE_PATH); // it must not affect a copy in another class loader
        }
      }
    }
    if (isShuttingDown()) { // checked after retain: past here the environment is alive
      throw shuttingDown();
    }
    requireVersion(environment.getVersion());
    try {
      environment.setTelemetry(false); // what the start itself records cannot be avoided
    } catch (OrtException e) {
      throw new CoracleException("ONNX Runtime does not start: \"" + Sessions.reason(e) + "\"", e);
    }
    return environment;
  }

  /**
   * Refuses an older ONNX Runtime, which other dependencies may bring: what a model may contain was
   * found out with this one.
   */
  static void requireVersion(String found) {
    if (Version.parse(found).compareTo(Version.parse(VERSION)) < 0) {
      throw new CoracleException(
          "expected ONNX Runtime %s or newer, found %s, which another dependency brings; declare com.microsoft.onnxruntime:onnxruntime:%s, or dev.coracle:coracle, before it"
              .formatted(VERSION, found, VERSION));
    }
  }

  private static OrtEnvironment create(@Nullable Path libraries) {
    try {
      return LargeStack.call(
          () -> {
            // ONNX Runtime's shutdown hook keeps this for as long as the JVM lives.
            Thread.currentThread().setContextClassLoader(Environment.class.getClassLoader());
            OrtEnvironment environment = OrtEnvironment.getEnvironment();
            retain();
            return environment;
          });
    } catch (IllegalStateException e) { // no more hooks
      throw shuttingDown();
    } catch (RuntimeException | LinkageError e) {
      throw doesNotLoad(e, libraries);
    }
  }

  private static CoracleException doesNotLoad(Throwable e, @Nullable Path libraries) {
    Throwable cause = e; // of a class's failed initialisation
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (cause instanceof IllegalCallerException) {
      return new CoracleException(
          "ONNX Runtime's native library may not be loaded (%s); start Java with --enable-native-access=ALL-UNNAMED, on the module path =com.microsoft.onnxruntime"
              .formatted(cause.getMessage()),
          e);
    }
    return new CoracleException(
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
   * Takes a reference to the native environment that is never released. There is no public API for
   * this; the JDK allows reflection on the class path and, since ONNX Runtime's jar is an automatic
   * module, on the module path. Where it is refused all the same, a process that exits while it
   * opens a model may crash.
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

  /** Tells whether the JVM shuts down in the only way there is: by trying to add a hook. */
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
}
