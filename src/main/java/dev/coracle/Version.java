// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.Properties;

/** Holds the version of Coracle, which the build writes into a resource. */
public final class Version {

  /** For example {@code 0.1.0}. */
  public static final String CORACLE = read();

  private Version() {}

  private static String read() {
    Properties properties = new Properties();
    try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
      properties.load(Objects.requireNonNull(in, "version.properties is missing from the jar"));
    } catch (IOException e) {
      throw new ExceptionInInitializerError(e);
    }
    return properties.getProperty("version");
  }
}
