// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.ParameterTracker;
import ai.djl.training.tracker.Tracker;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Updates parameters by Zeiler's Adadelta with PyTorch's formula and defaults; DJL's own Adadelta
 * throws on the PyTorch engine. With gradient g, decay ρ and learning rate γ:
 *
 * <pre>
 *   a ← ρ a + (1 − ρ) g²          running mean of squared gradients
 *   d = g · √(b + ε) / √(a + ε)
 *   b ← ρ b + (1 − ρ) d²          running mean of squared steps
 *   w ← w − γ d
 * </pre>
 *
 * <p>Works with any DJL trainer (also EasyTrain), which does not close it: DJL detaches the two
 * running means of each parameter from every manager, so that only {@link #close} frees them. Not
 * thread-safe.
 *
 * @see <a href="https://arxiv.org/abs/1212.5701">Zeiler, ADADELTA: An Adaptive Learning Rate
 *     Method</a>
 * @see <a href="https://pytorch.org/docs/stable/generated/torch.optim.Adadelta.html">torch.optim.
 *     Adadelta</a>
 */
public class Adadelta extends Optimizer implements AutoCloseable {

  private final ParameterTracker learningRate;
  private final double rho; // double, since 1 − 0.9f is not the float nearest to 0.1
  private final float epsilon;
  private final Map<String, Map<Device, NDArray>> squaredGradients = new ConcurrentHashMap<>();
  private final Map<String, Map<Device, NDArray>> squaredSteps = new ConcurrentHashMap<>();

  protected Adadelta(Builder builder) {
    super(builder);
    learningRate = builder.learningRate;
    rho = builder.rho;
    epsilon = builder.epsilon;
  }

  public static Builder builder() {
    return new Builder();
  }

  @Override
  public void update(String parameterId, NDArray weight, NDArray gradient) {
    float rate = learningRate.getNewValue(parameterId, updateCount(parameterId));
    Device device = weight.getDevice();
    NDArray a = withDefaultState(squaredGradients, parameterId, device, k -> gradient.zerosLike());
    NDArray b = withDefaultState(squaredSteps, parameterId, device, k -> gradient.zerosLike());
    try (NDArray g = effectiveGradient(weight, gradient);
        NDArray squared = g.square()) {
      a.muli((float) rho);
      a.addi(squared.muli((float) (1 - rho)));
      try (NDArray denominator = a.add(epsilon);
          NDArray rootOfGradients = denominator.sqrt();
          NDArray numerator = b.add(epsilon);
          NDArray step = numerator.sqrt()) {
        step.divi(rootOfGradients).muli(g);
        try (NDArray squaredStep = step.square()) {
          b.muli((float) rho);
          b.addi(squaredStep.muli((float) (1 - rho)));
        }
        // DJL's SGD step is w ← w − γ d: it switches gradient recording off, whatever the thread's
        // mode, and zeroes the gradient afterwards; the array API offers neither.
        weight
            .getNDArrayInternal()
            .sgdUpdate(new NDList(weight, step), new NDList(weight), rate, 0, 1, -1, 0, true);
      }
    }
  }

  /** Frees the running means; a later update starts from zeros, as a new optimizer does. */
  @Override
  public void close() {
    free(squaredGradients);
    free(squaredSteps);
  }

  private static void free(Map<String, Map<Device, NDArray>> state) {
    state.values().forEach(devices -> devices.values().forEach(NDArray::close));
    state.clear();
  }

  /** Returns the gradient rescaled, clipped and with weight decay, as DJL's optimizers do. */
  private NDArray effectiveGradient(NDArray weight, NDArray gradient) {
    NDArray g = gradient.mul(rescaleGrad);
    if (clipGrad >= 0) { // as in DJL: only a negative limit means none
      NDArray clipped = g.clip(-clipGrad, clipGrad);
      g.close();
      g = clipped;
    }
    if (getWeightDecay() != 0) {
      try (NDArray constantWeight = weight.stopGradient();
          NDArray decay = constantWeight.mul(getWeightDecay())) {
        g.addi(decay);
      }
    }
    return g;
  }

  /** Builds an {@link Adadelta}. */
  public static final class Builder extends OptimizerBuilder<Builder> {

    private ParameterTracker learningRate = Tracker.fixed(1f);
    private double rho = 0.9;
    private float epsilon = 1e-6f;

    private Builder() {}

    /** Learning rate γ. Default 1.0. */
    public Builder optLearningRateTracker(ParameterTracker learningRate) {
      this.learningRate = learningRate;
      return this;
    }

    /** Decay ρ of both running means, in [0, 1), else IllegalArgumentException. Default 0.9. */
    public Builder optRho(double rho) {
      if (!(rho >= 0 && rho < 1)) {
        throw new IllegalArgumentException("rho is " + rho + "; expected at least 0 and below 1");
      }
      this.rho = rho;
      return this;
    }

    /**
     * Term ε that keeps the roots from zero, above 0 and finite, else IllegalArgumentException.
     * Default 1e-6.
     */
    public Builder optEpsilon(float epsilon) {
      if (!(epsilon > 0 && Float.isFinite(epsilon))) {
        throw new IllegalArgumentException(
            "epsilon is " + epsilon + "; expected above 0 and finite");
      }
      this.epsilon = epsilon;
      return this;
    }

    public Adadelta build() {
      return new Adadelta(this);
    }

    @Override
    protected Builder self() {
      return this;
    }
  }
}
