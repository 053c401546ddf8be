// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import dev.coracle.CoracleException;
import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds the engine and the device to train on. */
public final class Devices {

  /** DJL's name of the engine; explicit, as another one on the class path might rank higher. */
  static final String ENGINE = "PyTorch";

  /** A resource in each of DJL's jars with libtorch. */
  private static final String NATIVES = "native/lib/pytorch.properties";

  private static final Pattern SYNTAX = Pattern.compile("auto|cpu|gpu(?::(\\d{1,3}))?");

  private Devices() {}

  /** Tells whether a text is {@code auto}, {@code cpu}, {@code gpu} or {@code gpu:N}. */
  public static boolean isValid(String text) {
    return SYNTAX.matcher(text).matches();
  }

  /**
   * Returns the device that a text names; {@code auto} is the first GPU, or the CPU without one.
   *
   * @throws CoracleException when the text names no device, or a GPU that does not exist: training
   *     never falls back to the CPU by itself
   */
  public static Device parse(String text) {
    Matcher matcher = SYNTAX.matcher(text);
    if (!matcher.matches()) {
      throw new CoracleException(
          "device '" + text + "' is unknown; expected cpu, gpu, gpu:N or auto");
    }
    if (text.equals("cpu")) {
      return Device.cpu();
    }
    int gpus = engine().getGpuCount();
    if (text.equals("auto")) {
      return gpus > 0 ? Device.gpu() : Device.cpu();
    }
    int index = matcher.group(1) == null ? 0 : Integer.parseInt(matcher.group(1));
    if (index >= gpus) {
      throw new CoracleException(
          "there is no device '%s': the PyTorch engine sees %d GPUs; use cpu, or a CUDA build of libtorch (see README, GPU)"
              .formatted(text, gpus));
    }
    return Device.gpu(index);
  }

  /** Returns {@code cpu} or {@code gpu:N}, which {@link #parse} accepts. */
  public static String nameOf(Device device) {
    return device.isGpu() ? "gpu:" + device.getDeviceId() : "cpu";
  }

  private static boolean hasNatives() {
    return Thread.currentThread().getContextClassLoader().getResource(NATIVES) != null;
  }

  /**
   * Returns DJL's PyTorch engine, loading it on the first call. Switches DJL's telemetry and
   * downloads off, unless the system property {@code ai.djl.offline} says otherwise.
   */
  public static Engine engine() {
    if (System.getProperty("ai.djl.offline") == null) {
      System.setProperty("ai.djl.offline", "true");
    }
    try {
      return Engine.getEngine(ENGINE);
    } catch (EngineException | IllegalArgumentException e) {
      Throwable root = e;
      while (root.getCause() != null) {
        root = root.getCause();
      }
      // Without the jar DJL tries a download and fails because it is offline, with an IOException
      // too.
      if (root instanceof IOException io && hasNatives()) {
        throw new CoracleException(
            "DJL's PyTorch engine does not start: %s; it unpacks its libraries into the folder that DJL_CACHE_DIR names, else .djl.ai in the home folder, and needs some 500 MB there"
                .formatted(CoracleException.reason(io)),
            e);
      }
      throw new CoracleException(
          "training needs DJL's PyTorch engine: add ai.djl.pytorch:pytorch-engine,"
              + " ai.djl.pytorch:pytorch-jni and ai.djl.pytorch:pytorch-native-cpu to the class path"
              + " (the README has a table)",
          e);
    }
  }
}
