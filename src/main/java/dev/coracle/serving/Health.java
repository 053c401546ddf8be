// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

/** Says whether the server can answer for its models. Thread-safe. */
final class Health {

  static final String DRAINING = "the server is shutting down; try another one";

  private enum State {
    LOADING("the model is being loaded; try again"),
    READY("ready"),
    DRAINING(Health.DRAINING);

    final String reason;

    State(String reason) {
      this.reason = reason;
    }
  }

  private volatile State state = State.LOADING;

  void ready() {
    state = State.READY;
  }

  void draining() {
    state = State.DRAINING;
  }

  boolean isReady() {
    return state == State.READY;
  }

  boolean isDraining() {
    return state == State.DRAINING;
  }

  /** Returns why it is not ready. */
  String reason() {
    return state.reason;
  }
}
