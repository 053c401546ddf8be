// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import dev.coracle.CoracleException;
import org.jspecify.annotations.Nullable;

/** Says that a file is not an ONNX model, or not one that the {@link ModelOptions} allow. */
public final class InvalidModelException extends CoracleException {

  private static final long serialVersionUID = 1L;

  InvalidModelException(String message) {
    super(message);
  }

  InvalidModelException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
