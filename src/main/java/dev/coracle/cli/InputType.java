// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

/** The types of input that an exported model can take. */
enum InputType {
  /** Pixels that the caller has normalised. */
  FLOAT32,
  /** Raw pixels 0..255: the graph normalises. */
  UINT8;

  static final String DESCRIPTION =
      "What the model takes: float32, normalised by the caller, or uint8, raw pixels 0..255.";
}
