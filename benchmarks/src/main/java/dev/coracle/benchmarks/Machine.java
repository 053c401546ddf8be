// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Tells where a measurement was taken, and of what. */
final class Machine {

  private static final Path LINUX_PROCESSORS = Path.of("/proc/cpuinfo");

  private Machine() {}

  static Map<String, String> describe() throws IOException {
    Map<String, String> machine = new LinkedHashMap<>();
    machine.put("processor", processor());
    machine.put("processors", "" + Runtime.getRuntime().availableProcessors());
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    machine.put("memory", (system.getTotalMemorySize() >> 30) + " GiB");
    machine.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    machine.put("JVM", System.getProperty("java.vm.name") + " " + Runtime.version());
    return machine;
  }

  /**
   * Returns the versions of what is measured, by name, and Coracle's commit, as the build took
   * them.
   */
  static Map<String, String> versions() throws IOException {
    Properties versions = new Properties();
    try (InputStream in = Machine.class.getResourceAsStream("versions.properties")) {
      versions.load(in);
    }
    Map<String, String> sorted = new TreeMap<>();
    versions.forEach((name, version) -> sorted.put((String) name, (String) version));
    return sorted;
  }

  /** Returns the processor's name where Linux tells it, else its architecture. */
  private static String processor() throws IOException {
    String architecture = System.getProperty("os.arch");
    if (!Files.isReadable(LINUX_PROCESSORS)) {
      return architecture;
    }
    try (Stream<String> lines = Files.lines(LINUX_PROCESSORS)) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.replaceFirst(".*:\\s*", ""))
          .findFirst()
          .orElse(architecture);
    }
  }
}
