// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Checks a model's functions: operators that it defines itself. They count as custom operators,
 * even in an ONNX domain, whose operators they would redefine. ONNX Runtime inlines them where they
 * are called, so calls must not recurse, and the result must stay small.
 */
final class FunctionRules {

  /** Depth of nested calls; ONNX Runtime follows them on the caller's stack. */
  static final int MAX_DEPTH = 32;

  /** Nodes of the graph, or of one function, with all the functions that it calls inlined. */
  static final int MAX_NODES = 1 << 20;

  private final Map<String, Message> functions = new HashMap<>();
  private final Map<String, Cost> costs = new HashMap<>();

  private FunctionRules() {}

  static void check(Message model, ModelOptions options) {
    FunctionRules rules = new FunctionRules();
    List<Message> all = model.messages("functions");
    for (int i = 0; i < all.size(); i++) {
      Message function = all.get(i);
      String domain = function.text("domain");
      String place = "functions %d (%s)".formatted(i, Quote.text(function.text("name")));
      if (!options.domains().contains(domain)) {
        throw new InvalidModelException(
            "%s: expected a model of ONNX's operators, found one that defines an operator of the domain %s; if you trust it, allow it with ModelOptions.allowDomains"
                .formatted(place, Quote.text(domain)));
      }
      if (rules.functions.put(key(function, "name"), function) != null) {
        throw new InvalidModelException(place + ": expected each function once, found it twice");
      }
    }
    rules.functions.keySet().forEach(key -> rules.cost(key, 0));
    Message graph = model.message("graph");
    if (graph != null && !rules.functions.isEmpty()) {
      rules.sum("the graph", graph, 0);
    }
  }

  /** What a function amounts to with all its calls inlined: nodes, and nested calls and graphs. */
  private record Cost(long nodes, int depth, int graphs) {
    static final Cost OPERATOR = new Cost(1, 0, 0);
    static final Cost TOO_DEEP = new Cost(1, MAX_DEPTH, 0);
  }

  private Cost cost(String key, int callers) {
    Message function = functions.get(key);
    if (function == null) {
      return Cost.OPERATOR;
    }
    Cost known = costs.get(key);
    if (known != null) {
      return known;
    }
    Cost cost = sum("function " + Quote.text(function.text("name")), function, callers);
    costs.put(key, cost);
    return cost;
  }

  private Cost sum(String name, Message parent, int callers) {
    long size = 0;
    int depth = 0;
    int graphs = 0;
    for (Placed placed : nodes(parent, 0)) {
      // A recursion ends here too.
      Cost call =
          callers < MAX_DEPTH ? cost(key(placed.node, "op_type"), callers + 1) : Cost.TOO_DEEP;
      size += Math.max(1, call.nodes()); // the call of an empty function counts too
      depth = Math.max(depth, call.depth() + 1);
      graphs = Math.max(graphs, placed.graphs + call.graphs());
      if (depth > MAX_DEPTH) {
        throw new InvalidModelException(
            "%s: calls nest deeper than %d, or never end".formatted(name, MAX_DEPTH));
      }
      if (size > MAX_NODES) {
        throw new InvalidModelException(
            "%s: has more than %d nodes with those that it calls".formatted(name, MAX_NODES));
      }
      if (graphs > ModelRules.MAX_SUBGRAPHS) {
        throw new InvalidModelException(
            "%s: graphs nest deeper than %d levels with those of the functions that it calls"
                .formatted(name, ModelRules.MAX_SUBGRAPHS));
      }
    }
    return new Cost(size, depth, graphs);
  }

  /** A node, and how many subgraphs enclose it within the function or the main graph. */
  private record Placed(Message node, int graphs) {}

  /** Returns the nodes of a function or graph with those of its subgraphs. */
  private static List<Placed> nodes(Message parent, int graphs) {
    List<Placed> all = new ArrayList<>();
    for (Message node : parent.messages("node")) {
      all.add(new Placed(node, graphs));
      for (Message attribute : node.messages("attribute")) {
        for (String field : List.of("g", "graphs")) {
          attribute.messages(field).forEach(graph -> all.addAll(nodes(graph, graphs + 1)));
        }
      }
    }
    return all;
  }

  private static String key(Message message, String name) {
    // Without the overload, which ONNX Runtime 1.29.0 disregards.
    return String.join("\n", message.text("domain"), message.text(name));
  }
}
