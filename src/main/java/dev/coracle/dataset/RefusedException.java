// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import java.io.IOException;

/** Says why a source's answer is of no use; asking again would give the same. */
final class RefusedException extends IOException {

  private static final long serialVersionUID = 1L;

  RefusedException(String message) {
    super(message);
  }
}
