// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDArrayIndexer;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.index.dim.NDIndexAll;
import ai.djl.ndarray.index.dim.NDIndexBooleans;
import ai.djl.ndarray.index.dim.NDIndexElement;
import ai.djl.ndarray.index.dim.NDIndexFixed;
import ai.djl.ndarray.index.dim.NDIndexNull;
import ai.djl.ndarray.index.dim.NDIndexPick;
import ai.djl.ndarray.index.dim.NDIndexSlice;
import ai.djl.ndarray.index.dim.NDIndexTake;
import ai.djl.ndarray.index.full.NDIndexFullPick;
import ai.djl.ndarray.index.full.NDIndexFullSlice;
import ai.djl.ndarray.index.full.NDIndexFullTake;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Records {@code array.get(index)} as {@value #GET}. An index is an object that contains numbers
 * and arrays, so it is taken apart: the arguments are, for each of its elements, its kind followed
 * by the element's own arguments.
 */
final class TracingIndexer extends NDArrayIndexer {

  static final String GET = "NDArray.get";

  /** Kinds of elements, with the arguments that follow. */
  static final String FIXED = "fixed"; // index

  static final String SLICE = "slice"; // min, max, step; each may be null
  static final String ALL = "all";
  static final String ELLIPSIS = "ellipsis";
  static final String NEW_AXIS = "null";
  static final String TAKE = "take"; // array of indices
  static final String PICK = "pick"; // array of indices
  static final String BOOLEANS = "booleans"; // array

  private final Tracer tracer;

  TracingIndexer(Tracer tracer) {
    this.tracer = tracer;
  }

  @Override
  public NDArray get(NDArray array, NDIndex index) {
    TracedArray traced = tracer.standIn(array);
    Parts parts = takeApart(index);
    List<@Nullable Object> arguments = parts.arguments();
    NDArray source = tracer.valueOf(traced).array();
    if (StandIns.dependsOnInput(traced.value(), arguments) && !tracer.isTranslated(GET)) {
      throw tracer.refuse(GET, Refusals.reason(GET));
    }
    return StandIns.record(traced, GET, arguments, source.get(source.getManager(), parts.real()));
  }

  /** An index as recorded, and with the engine's own arrays. */
  record Parts(List<@Nullable Object> arguments, NDIndex real) {}

  Parts takeApart(NDIndex index) {
    List<@Nullable Object> arguments = new ArrayList<>();
    NDIndex real = new NDIndex();
    for (int i = 0; i < index.getIndices().size(); i++) {
      if (i == index.getEllipsisIndex()) {
        arguments.add(ELLIPSIS);
        real.addEllipseDim();
      }
      add(index.getIndices().get(i), arguments, real);
    }
    if (index.getEllipsisIndex() == index.getIndices().size()) {
      arguments.add(ELLIPSIS);
      real.addEllipseDim();
    }
    return new Parts(arguments, real);
  }

  private void add(NDIndexElement element, List<@Nullable Object> arguments, NDIndex real) {
    if (element instanceof NDIndexFixed fixed) {
      arguments.add(FIXED);
      arguments.add(fixed.getIndex());
      real.addIndices(fixed.getIndex());
    } else if (element instanceof NDIndexSlice slice) {
      arguments.add(SLICE);
      arguments.add(slice.getMin());
      arguments.add(slice.getMax());
      arguments.add(slice.getStep());
      append(slice, real);
    } else if (element instanceof NDIndexAll) {
      arguments.add(ALL);
      real.addAllDim();
    } else if (element instanceof NDIndexNull) {
      arguments.add(NEW_AXIS);
      append(element, real);
    } else if (element instanceof NDIndexTake take) {
      append(new NDIndexTake(real(TAKE, take.getIndex(), arguments)), real);
    } else if (element instanceof NDIndexPick pick) {
      append(new NDIndexPick(real(PICK, pick.getIndex(), arguments)), real);
    } else if (element instanceof NDIndexBooleans booleans) {
      append(new NDIndexBooleans(real(BOOLEANS, booleans.getIndex(), arguments)), real);
    } else {
      throw tracer.refuse("an index with " + element.getClass().getName() + " is unknown");
    }
  }

  /** Adds an element by replacing one of NDIndex's: only its own methods count the axes. */
  private static void append(NDIndexElement element, NDIndex index) {
    index.addAllDim();
    index.getIndices().set(index.getIndices().size() - 1, element);
  }

  private NDArray real(String kind, NDArray index, List<@Nullable Object> arguments) {
    TracedValue value = tracer.valueOf(tracer.standIn(index));
    if (kind.equals(BOOLEANS) && value.dependsOnInput()) {
      throw tracer.refuse(GET, Refusals.reason("NDArray.booleanMask"));
    }
    arguments.add(kind);
    arguments.add(value);
    return value.array();
  }

  @Override
  public NDArray get(NDArray array, NDIndexFullPick index) {
    throw refused();
  }

  @Override
  public NDArray get(NDArray array, NDIndexFullTake index) {
    throw refused();
  }

  @Override
  public NDArray get(NDArray array, NDIndexFullSlice index) {
    throw refused();
  }

  @Override
  public void set(NDArray array, NDIndexFullSlice index, NDArray value) {
    throw refused();
  }

  @Override
  public void set(NDArray array, NDIndexFullSlice index, Number value) {
    throw refused();
  }

  private ExportException refused() {
    return tracer.refuse(
        "an index that is already worked out cannot be exported; call get with an NDIndex");
  }
}
