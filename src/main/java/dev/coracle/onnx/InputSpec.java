// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/** An input of the graph; axis 0 of the shape is the batch, whatever its size. */
record InputSpec(String name, Shape shape, DataType type) {}
