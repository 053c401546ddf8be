// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import dev.coracle.CoracleException;

/**
 * Says why a block cannot be exported (the call, where it was made, and what to do instead), or how
 * the file differs from the block.
 */
public final class ExportException extends CoracleException {

  private static final long serialVersionUID = 1L;

  ExportException(String message) {
    super(message);
  }

  ExportException(String message, Throwable cause) {
    super(message, cause);
  }
}
