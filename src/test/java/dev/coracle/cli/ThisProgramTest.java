// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ThisProgramTest {

  @Test
  void find_relativeClassPath_isMadeAbsolute() {
    String before = System.getProperty("java.class.path");
    System.setProperty("java.class.path", "target/classes" + File.pathSeparator + "a b.jar");
    try {
      assertThat(ThisProgram.find().environment())
          .containsEntry(
              "CLASSPATH",
              Path.of("target/classes").toAbsolutePath()
                  + File.pathSeparator
                  + Path.of("a b.jar").toAbsolutePath());
    } finally {
      System.setProperty("java.class.path", before);
    }
  }
}
