// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One recorded call.
 *
 * @param method interface and name, such as {@code NDArray.reshape}
 * @param receiver the array that the method was called on
 * @param arguments as passed: {@link TracedValue} for an array, a List of them for an NDList or
 *     array of arrays, anything else as it was
 * @param location the user's line that made the call, for messages
 */
record TracedCall(
    String method,
    TracedValue receiver,
    List<@Nullable Object> arguments,
    List<TracedValue> results,
    String location) {}
