// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

/** Says that the input given to a model is not what it takes; the model can be called again. */
public final class InvalidInputException extends IllegalArgumentException {

  private static final long serialVersionUID = 1L;

  InvalidInputException(String message) {
    super(message);
  }
}
