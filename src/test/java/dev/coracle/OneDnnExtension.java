// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

import com.sun.jna.Library;
import com.sun.jna.Native;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Lets libtorch compute right results on a kind of virtual machine where it does not. It computes
 * with oneDNN (3.7.1 in libtorch 2.7.1), whose code for AVX-512 gave wrong numbers there for LSTMs
 * and some convolutions, that for AVX and AVX2 for one convolution, that for SSE 4.1 for nothing;
 * ONNX Runtime was right. A test that compares an export with its block would fail for that.
 *
 * <p>Sets the variable of the process that oneDNN reads when it first computes. Processes that
 * tests start are left alone: they train {@code Net}, which is right there too.
 */
public final class OneDnnExtension implements BeforeAllCallback {

  private static final String VARIABLE = "ONEDNN_MAX_CPU_ISA";

  private static final boolean LIMITED = limit();

  private interface CLibrary extends Library {
    int setenv(String name, String value, int overwrite);
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    if (LIMITED) {
      context.publishReportEntry(VARIABLE, "SSE41");
    }
  }

  private static boolean limit() {
    try {
      boolean limits = System.getenv(VARIABLE) == null && isAffected();
      return limits && Native.load("c", CLibrary.class).setenv(VARIABLE, "SSE41", 0) == 0;
    } catch (IOException e) {
      throw new AssertionError("a file that exists can be read", e);
    }
  }

  /** AMD's family 26 (Zen 5) under a hypervisor that hides the caches: the one that was seen. */
  private static boolean isAffected() throws IOException {
    Path cpu = Path.of("/proc/cpuinfo");
    if (!Files.isReadable(cpu)
        || Files.exists(Path.of("/sys/devices/system/cpu/cpu0/cache/index0"))) {
      return false;
    }
    String text = Files.readString(cpu, StandardCharsets.ISO_8859_1);
    return text.contains("\nvendor_id\t: AuthenticAMD\n") && text.contains("\ncpu family\t: 26\n");
  }
}
