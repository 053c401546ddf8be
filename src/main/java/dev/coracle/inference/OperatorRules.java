// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

/** Checks attributes that ONNX Runtime trusts. */
final class OperatorRules {

  private OperatorRules() {}

  static void check(Message node, String place) {}
}
