// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.io.File;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.stream.Stream;

/**
 * Knows how to start this program again: from a distribution by its script, otherwise by this JVM
 * and the class path, which Maven's exec:java keeps in a class loader of its own.
 */
record ThisProgram(List<String> start, Map<String, String> environment) {

  /** Set by the script of a distribution to the distribution's folder. */
  private static final String HOME = "coracle.home";

  static boolean isDistribution() {
    return System.getProperty(HOME) != null;
  }

  static ThisProgram find() {
    if (isDistribution()) {
      String home = System.getProperty(HOME);
      return new ThisProgram(
          List.of(Path.of(home, "bin", "coracle").toAbsolutePath().toString()), Map.of());
    }
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    // Passed in a variable: ONNX Runtime does not cope with long command lines (see LargeStack).
    return new ThisProgram(
        List.of(java, Main.class.getName()),
        Map.of("CLASSPATH", classPath(Main.class.getClassLoader())));
  }

  /** Returns the command that starts it with an argument. */
  List<String> command(String argument) {
    return Stream.concat(start.stream(), Stream.of(argument)).toList();
  }

  private static String classPath(ClassLoader loader) {
    StringJoiner path = new StringJoiner(File.pathSeparator);
    if (!(loader instanceof URLClassLoader urls)) {
      // Absolute, since the program is started in another folder. The JVM has already expanded
      // dir/*.
      for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
        path.add(Path.of(entry).toAbsolutePath().toString());
      }
      return path.toString();
    }
    for (URL url : urls.getURLs()) {
      try {
        path.add(Path.of(url.toURI()).toString());
      } catch (URISyntaxException e) {
        throw new IllegalStateException(url + " is no place of classes", e);
      }
    }
    return path.toString();
  }
}
