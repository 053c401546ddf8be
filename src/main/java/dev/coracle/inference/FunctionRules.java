// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Checks a model's own functions: operators that it defines itself. They count as custom operators,
 * also those of an ONNX domain, which they would redefine. ONNX Runtime writes them out where they
 * are called, so calls must end, and the whole must stay small.
 */
final class FunctionRules {

  /** Calls within calls; ONNX Runtime follows them on the caller's stack. */
  static final int MAX_DEPTH = 32;

  /** Nodes of one function with all that it calls written out. */
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
  }

  /** Nodes of a function with all that it calls written out, and how deep its calls nest. */
  private record Cost(long nodes, int depth) {
    static final Cost OPERATOR = new Cost(1, 0);
    static final Cost TOO_DEEP = new Cost(1, MAX_DEPTH);
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
    String name = Quote.text(function.text("name"));
    long size = 0;
    int depth = 0;
    for (Message node : nodes(function)) {
      // A recursion ends here too.
      Cost call = callers < MAX_DEPTH ? cost(key(node, "op_type"), callers + 1) : Cost.TOO_DEEP;
      size += call.nodes();
      depth = Math.max(depth, call.depth() + 1);
      if (depth > MAX_DEPTH) {
        throw new InvalidModelException(
            "function %s: calls nest deeper than %d, or never end".formatted(name, MAX_DEPTH));
      }
      if (size > MAX_NODES) {
        throw new InvalidModelException(
            "function %s: has more than %d nodes with those that it calls"
                .formatted(name, MAX_NODES));
      }
    }
    Cost cost = new Cost(size, depth);
    costs.put(key, cost);
    return cost;
  }

  /** Returns the nodes of a function or graph with those of its subgraphs. */
  private static List<Message> nodes(Message parent) {
    List<Message> all = new ArrayList<>(parent.messages("node"));
    for (Message node : parent.messages("node")) {
      for (Message attribute : node.messages("attribute")) {
        for (String field : List.of("g", "graphs")) {
          attribute.messages(field).forEach(graph -> all.addAll(nodes(graph)));
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
