// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static java.util.Map.entry;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The reasons why calls have no translation, which docs/onnx-operators.md lists. */
final class Refusals {

  private static final String CONTENT =
      "the shape of its result depends on content, which a block must not do";
  private static final String OPERATOR = "ONNX has no such operator";
  private static final String ENGINE = "DJL's PyTorch engine does not implement it";
  private static final String RANDOM = "it is random, and a graph is not";
  private static final String SPARSE = "ONNX has dense arrays alone";
  private static final String COMPLEX = "ONNX's operators take no complex numbers";
  private static final String TRAINING = "it belongs to training, not to inference";

  private static final String WRITES =
      "it writes in place; use the method that returns a new array, such as add for addi, or concat and where for set";

  /** By the recorded name. */
  static final Map<String, String> REASONS =
      Map.ofEntries(
          entry("NDArray.set", WRITES),
          entry("NDArray.setScalar", WRITES),
          entry("NDArray.intern", WRITES),
          entry("NDArray.booleanMask", CONTENT + "; use where or mul"),
          entry("NDArray.nonzero", CONTENT),
          entry("NDArray.unique", CONTENT),
          entry("NDArray.erfinv", OPERATOR),
          entry("NDArray.gammaln", OPERATOR),
          entry("NDArray.cumProd", OPERATOR),
          entry("NDArray.inverse", OPERATOR),
          entry("NDArray.atan2", OPERATOR),
          entry("NDArray.percentile", OPERATOR + "; median is translated"),
          entry("NDArray.asinh", ENGINE),
          entry("NDArray.acosh", ENGINE),
          entry("NDArray.atanh", ENGINE),
          entry("NDArray.trace", ENGINE),
          entry("NDArray.batchDot", ENGINE + "; use batchMatMul"),
          entry("NDArray.sequenceMask", ENGINE),
          entry("NDArrayEx.deconvolution", ENGINE),
          entry("NDArrayEx.prelu", ENGINE),
          entry("NDArrayEx.multiBoxTarget", ENGINE),
          entry("NDArrayEx.multiBoxDetection", CONTENT),
          entry("NDArrayEx.randomFlipLeftRight", RANDOM),
          entry("NDArrayEx.randomFlipTopBottom", RANDOM),
          entry("NDArrayEx.randomBrightness", RANDOM),
          entry("NDArrayEx.randomHue", RANDOM),
          entry("NDArrayEx.randomColorJitter", RANDOM),
          entry("NDArray.toSparse", SPARSE),
          entry("NDArray.toDense", SPARSE),
          entry("NDArray.complex", COMPLEX),
          entry("NDArray.real", COMPLEX),
          entry("NDArray.conj", COMPLEX),
          entry("NDArray.fft", COMPLEX),
          entry("NDArray.ifft", COMPLEX),
          entry("NDArray.rfft", COMPLEX),
          entry("NDArray.irfft", COMPLEX),
          entry("NDArray.fft2", COMPLEX),
          entry("NDArray.ifft2", COMPLEX),
          entry("NDArray.stft", COMPLEX),
          entry("NDArray.getGradient", TRAINING),
          entry("NDArray.toDevice", "a graph knows no devices; move the input before"));

  private Refusals() {}

  /** Returns why calls of a recorded name that nothing translates are refused. */
  static String reason(String method) {
    @Nullable String reason = REASONS.get(method);
    return reason != null ? reason : "it has no ONNX translation yet; " + Translators.ADVICE;
  }
}
