// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

/** Names the optimizers of the training loop, with PyTorch's defaults except for the rate. */
public enum OptimizerKind {
  /** Adadelta, ρ 0.9, ε 1e-6: the optimizer of the PyTorch example. */
  ADADELTA,
  /**
   * Adam, β 0.9 and 0.999, ε 1e-8. A usual learning rate is 0.001. DJL adds ε before the bias
   * correction, PyTorch after it, so that at update t it acts like an ε / √(1 − 0.999^t) in
   * PyTorch: 3.2e-7 at first, 1e-8 in the limit. A step is shorter by the ratio of that to the root
   * mean square of its gradients: 3 % in the first step where that is 1e-5, negligible above 1e-3.
   */
  ADAM,
  /**
   * Adam, as {@link #ADAM}, with decoupled weight decay 0.01, PyTorch's default. A usual learning
   * rate is 0.001.
   */
  ADAMW,
  /** Plain stochastic gradient descent, no momentum. A usual learning rate is 0.1. */
  SGD
}
