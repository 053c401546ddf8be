// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDArrayIndexer;
import ai.djl.ndarray.internal.NDArrayEx;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Stands in for NDArrayEx, where DJL keeps the neural network's operations. */
final class TracedExtension extends InterceptedExtension {

  static final Map<String, String> IN_PLACE =
      Map.of("rdivi", "rdiv", "rmodi", "rmod", "rsubi", "rsub", "rpowi", "rpow");

  /** Methods that behave differently in training, mostly told by their last argument. */
  private static final Set<String> TRAINING = Set.of("dropout", "batchNorm", "rnn", "lstm", "gru");

  private final Tracer tracer;
  private final TracedArray array;

  TracedExtension(Tracer tracer, TracedArray array) {
    this.tracer = tracer;
    this.array = array;
  }

  @Override
  public NDArray getArray() {
    return array;
  }

  @Override
  public NDArrayIndexer getIndexer(NDManager manager) {
    return new TracingIndexer(tracer);
  }

  @Override
  public String toString() {
    return "NDArrayEx of " + array;
  }

  @Override
  @Nullable Object intercept(Method method, @Nullable Object... given) {
    TracedValue value = tracer.valueOf(array);
    if (TRAINING.contains(method.getName()) && isTraining(method, given)) {
      throw tracer.refuse(
          method, "it was called with training=true; pass on the flag that forward received");
    }
    String counterpart = IN_PLACE.get(method.getName());
    if (counterpart != null) {
      // Through the interface, which may implement it by other methods.
      Method pure = StandIns.method(NDArrayEx.class, counterpart, method.getParameterTypes());
      return array.write(
          method, (NDArray) Objects.requireNonNull(StandIns.call(this, pure, given)));
    }
    if (!tracer.isTranslated(StandIns.nameOf(method))
        && StandIns.isComposed(value.array().getNDArrayInternal(), method)) {
      return DEFAULT;
    }
    return StandIns.operate(array, value.array().getNDArrayInternal(), method, given);
  }

  /** Reads the flag: the last argument, but the third last of the recurrent methods. */
  private static boolean isTraining(Method method, @Nullable Object[] given) {
    boolean recurrent = Set.of("rnn", "lstm", "gru").contains(method.getName());
    return Boolean.TRUE.equals(given[given.length - (recurrent ? 3 : 1)]);
  }
}
