// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

import org.jspecify.annotations.Nullable;

/**
 * Says in one sentence what was expected, what came, where, and what to do. The command line prints
 * the message as it stands; the cause, where there is one, is for {@code --verbose}.
 */
public class CoracleException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public CoracleException(String message) {
    super(message);
  }

  public CoracleException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
