// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

/** Names the optimizers of the training loop; each has PyTorch's defaults but for the rate. */
public enum OptimizerKind {
  /** Adadelta, ρ 0.9, ε 1e-6: the optimizer of the PyTorch example. */
  ADADELTA,
  /** Adam, β 0.9 and 0.999, ε 1e-8. A usual learning rate is 0.001. */
  ADAM,
  /** Adam with decoupled weight decay 0.01. A usual learning rate is 0.001. */
  ADAMW,
  /** Plain stochastic gradient descent, no momentum. A usual learning rate is 0.1. */
  SGD
}
