// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.recurrent.RNN;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Recurrent layers: one node per layer.
 *
 * <p>How it works: DJL passes PyTorch's weights, for each layer and direction W (G·H,C), R (G·H,H)
 * and, if there are biases, Wb (G·H) and Rb (G·H), with G gates one after the other. ONNX expects
 * the gates in another order, both directions in one array, and both biases in one. In ONNX the
 * input is (T,N,C), and the output has an axis for the directions: (T,D,N,H).
 */
final class RecurrentTranslators {

  /** Returns the translator of a method, or null. */
  static @Nullable OpTranslator of(String method) {
    return switch (method) {
      case "NDArrayEx.lstm" -> RecurrentTranslators::lstm;
      case "NDArrayEx.gru" -> RecurrentTranslators::gru;
      case "NDArrayEx.rnn" -> RecurrentTranslators::rnn;
      default -> null;
    };
  }

  /** Positions, counted from the end, of the last arguments of all three methods. */
  private static final int BIDIRECTIONAL = 2;

  private static final int BATCH_FIRST = 1;

  private final Call call;
  private final GraphBuilder graph;
  private final Cell cell;
  private final List<Value> states;
  private final List<Value> weights;
  private final boolean biases;
  private final int layers;
  private final int directions;
  private final boolean batchFirst;
  private final long hidden;

  /**
   * The differences between the three kinds.
   *
   * @param order PyTorch's index of each of ONNX's gates
   * @param gates ONNX's letters for the gates, for names
   */
  private record Cell(String operator, List<Integer> order, String gates, boolean relu) {}

  /**
   * lstm(input, [h, c], weights, biases, layers, dropRate, training, bidirectional, batchFirst).
   */
  private static void lstm(Call call, GraphBuilder graph) {
    Cell cell = new Cell("LSTM", List.of(0, 3, 1, 2), "iofc", false); // from i, f, g, o
    new RecurrentTranslators(call, graph, cell, call.arrays(1)).translate();
  }

  /** gru(input, h, weights, biases, layers, dropRate, training, bidirectional, batchFirst). */
  private static void gru(Call call, GraphBuilder graph) {
    Cell cell = new Cell("GRU", List.of(1, 0, 2), "zrh", false); // from r, z, n
    new RecurrentTranslators(call, graph, cell, List.of(call.array(1))).translate();
  }

  /**
   * rnn(input, h, weights, biases, layers, activation, dropRate, training, bidirectional,
   * batchFirst).
   */
  private static void rnn(Call call, GraphBuilder graph) {
    boolean relu = call.require(5) == RNN.Activation.RELU;
    Cell cell = new Cell("RNN", List.of(0), "i", relu);
    new RecurrentTranslators(call, graph, cell, List.of(call.array(1))).translate();
  }

  private RecurrentTranslators(Call call, GraphBuilder graph, Cell cell, List<Value> states) {
    this.call = call;
    this.graph = graph;
    this.cell = cell;
    this.states = states;
    this.weights = call.arrays(2);
    this.biases = call.flag(3);
    this.layers = Math.toIntExact(call.literal(4));
    this.directions = call.flag(call.arguments().size() - BIDIRECTIONAL) ? 2 : 1;
    this.batchFirst = call.flag(call.arguments().size() - BATCH_FIRST);
    this.hidden = call.literal(weights.get(1).shape().get(1));
  }

  private void translate() {
    Value input = call.array(0);
    check(input);
    String sequence =
        batchFirst
            ? node("Transpose").input(input).attribute("perm", List.of(1L, 0L, 2L)).output()
            : graph.name(input); // (T,N,C)
    List<Value> results = call.results();
    int outputs = results.size();
    while (outputs > 1 && !graph.isUsed(results.get(outputs - 1))) {
      outputs--;
    }
    List<List<String>> last = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      List<String> made = layer(layer, sequence, outputs);
      last.add(made);
      if (layer < layers - 1) {
        sequence = timeMajor(made.get(0)).output();
      }
    }
    String y = last.get(layers - 1).get(0);
    (batchFirst ? batchMajor(y) : timeMajor(y)).output(results.get(0));
    for (int i = 1; i < outputs; i++) {
      int state = i;
      List<String> ofLayers = last.stream().map(made -> made.get(state)).toList();
      if (layers == 1) {
        graph.alias(results.get(i), ofLayers.get(0));
      } else if (graph.isUsed(results.get(i))) {
        NodeBuilder concat = node("Concat");
        ofLayers.forEach(concat::input);
        concat.attribute("axis", 0L).output(results.get(i)); // (L·D,N,H)
      }
    }
  }

  private void check(Value input) {
    call.requireRank(input, 3);
    for (Value value : call.operands().toList()) {
      if (value.type() != DataType.FLOAT32) { // ONNX Runtime's CPU provider has no other
        throw call.unsupported("an array of type " + value.type() + "; convert it with toType");
      }
    }
    if (weights.size() != layers * directions * (biases ? 4 : 2)) {
      throw call.unsupported(
          "%d weights for %d layers of %d directions"
              .formatted(weights.size(), layers, directions));
    }
    DimExpr batch = input.shape().get(batchFirst ? 0 : 1);
    List<DimExpr> expected =
        List.of(DimExpr.of((long) layers * directions), batch, DimExpr.of(hidden));
    for (Value state : states) {
      if (!state.shape().equals(expected)) {
        throw call.unsupported(
            "a state of shape %s; expected %s".formatted(state.shape(), expected));
      }
    }
  }

  private NodeBuilder node(String operator) {
    return graph.node(operator, call);
  }

  /** Adds a layer's node; returns the names of Y (T,D,N,H), Y_h and Y_c (D,N,H). */
  private List<String> layer(int layer, String sequence, int outputs) {
    NodeBuilder node =
        node(cell.operator())
            .input(sequence)
            .input(packed(layer, 0)) // W
            .input(packed(layer, 1)); // R
    if (biases) {
      node.input(packed(layer, 2, 3));
    } else {
      node.noInput();
    }
    node.noInput(); // all sequences of a batch have the same length
    for (Value state : states) {
      String initial = initial(state, layer);
      if (initial == null) {
        node.noInput();
      } else {
        node.input(initial);
      }
    }
    if (cell.relu()) {
      node.attributeStrings("activations", Collections.nCopies(directions, "Relu"));
    }
    node.attribute("direction", directions == 2 ? "bidirectional" : "forward");
    node.attribute("hidden_size", hidden);
    if (cell.operator().equals("GRU")) {
      node.attribute("linear_before_reset", 1L); // PyTorch applies the reset gate after R and Rb
    }
    return node.outputs(outputs);
  }

  /** Returns the name of a layer's initial state, (D,N,H); null for zeros, the default. */
  private @Nullable String initial(Value state, int layer) {
    if (state.isZero()) {
      return null;
    }
    if (layers == 1) {
      return graph.name(state);
    }
    return node("Slice")
        .input(state)
        .input(graph.constant((long) layer * directions))
        .input(graph.constant((layer + 1L) * directions))
        .input(graph.constant(0L))
        .output();
  }

  /** (T,D,N,H) -> (T,N,D·H). */
  private NodeBuilder timeMajor(String y) {
    if (directions == 1) {
      return node("Squeeze").input(y).input(graph.constant(1L));
    }
    String perm = node("Transpose").input(y).attribute("perm", List.of(0L, 2L, 1L, 3L)).output();
    return node("Reshape").input(perm).input(graph.constant(0L, 0L, -1L));
  }

  /** (T,D,N,H) -> (N,T,D·H). */
  private NodeBuilder batchMajor(String y) {
    if (directions == 1) {
      return node("Transpose").input(timeMajor(y).output()).attribute("perm", List.of(1L, 0L, 2L));
    }
    String perm = node("Transpose").input(y).attribute("perm", List.of(2L, 0L, 1L, 3L)).output();
    return node("Reshape").input(perm).input(graph.constant(0L, 0L, -1L));
  }

  /** Returns the name of weights of a layer in ONNX's form: (D,G·H,…), or (D,2·G·H) for biases. */
  private String packed(int layer, int... kinds) {
    int each = weights.size() / (layers * directions);
    List<List<NDArray>> arrays = new ArrayList<>();
    List<Value> from = new ArrayList<>();
    for (int direction = 0; direction < directions; direction++) {
      List<NDArray> ofDirection = new ArrayList<>();
      for (int kind : kinds) {
        Value weight = weights.get((layer * directions + direction) * each + kind);
        if (weight.content() == null) {
          throw call.unsupported("weights that are no parameters: " + weight);
        }
        from.add(weight);
        ofDirection.add(weight.content());
      }
      arrays.add(ofDirection);
    }
    String name = Objects.requireNonNullElse(from.get(0).parameter(), "weight");
    return graph.initializer(name + "_" + cell.gates(), from, () -> pack(arrays, cell.order()));
  }

  /** Orders the gates of all arrays, joins those of a direction, and stacks the directions. */
  private static NDArray pack(List<List<NDArray>> directions, List<Integer> order) {
    NDManager owner = directions.get(0).get(0).getManager();
    try (NDManager work = owner.newSubManager()) {
      NDList packed = new NDList();
      for (List<NDArray> direction : directions) {
        NDList ordered = new NDList();
        for (NDArray array : direction) {
          NDList gates = array.split(order.size());
          gates.attach(work);
          order.forEach(gate -> ordered.add(gates.get(gate)));
        }
        packed.add(NDArrays.concat(ordered));
      }
      NDArray stacked = NDArrays.stack(packed);
      stacked.attach(owner);
      return stacked;
    }
  }
}
