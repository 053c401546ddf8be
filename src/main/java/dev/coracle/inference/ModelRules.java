// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import dev.coracle.inference.MessageType.Field;
import dev.coracle.inference.MessageType.Kind;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Checks the content of a model whose form {@link MessageStructure} has checked: versions, domains,
 * attributes, tensors, wherever in the file they are.
 *
 * <p>How it works: one walk over all messages below the model, guided by {@link MessageType}'s
 * table, so that no subgraph, attribute or function can be forgotten; each kind of message has its
 * rule. A place is the path to a message in words, such as "graph, node 3 (Conv)".
 */
final class ModelRules {

  // ONNX Runtime 1.29.0 loads IR version 13 and refuses 14; opset_import begins with IR version 3.
  static final int MIN_IR_VERSION = 3;
  static final int MAX_IR_VERSION = 13;

  // It loads opset 26 of ai.onnx and 5 of ai.onnx.ml and refuses later ones ("is till 26").
  static final int MAX_OPSET = 26;
  static final int MAX_ML_OPSET = 5;

  /**
   * Depth of nested graphs. Exporters need two or three; ONNX Runtime 1.29.0 crashed on an If
   * within five others, with constant conditions, while it inlined the branches.
   */
  static final int MAX_SUBGRAPHS = 5;

  /**
   * ONNX Runtime 1.29.0 dies of these, the first of which divides by the number of rows, without
   * any.
   */
  static final Set<String> NEED_ELEMENTS = Set.of("TopK", "LSTM", "GRU");

  private static final String ML = "ai.onnx.ml";

  private final ModelOptions options;
  private final Message model;

  /** Bytes that further sparse tensors may take once they are made dense. */
  private long sparseBytes;

  private int nodes;
  private boolean needsElements;

  private ModelRules(Message model, ModelOptions options) {
    this.model = model;
    this.options = options;
    this.sparseBytes = options.maxFileBytes();
  }

  /**
   * Tells whether the model has an operator of {@link #NEED_ELEMENTS}.
   *
   * @throws InvalidModelException unless the model follows the rules
   */
  static boolean check(Message model, ModelOptions options) {
    ModelRules rules = new ModelRules(model, options);
    rules.versions();
    rules.names();
    FunctionRules.check(model, options);
    rules.children(model, "", new Scope(0, false, null));
    return rules.needsElements;
  }

  /** Where a message is, as far as the rules depend on it. */
  private record Scope(int graphs, boolean function, @Nullable KnownShapes shapes) {}

  private void versions() {
    Message graph = model.message("graph");
    if (graph == null && !model.has("ir_version")) {
      throw new InvalidModelException("is not an ONNX file: it has neither a version nor a graph");
    }
    long ir = model.number("ir_version");
    if (ir > MAX_IR_VERSION) {
      throw new InvalidModelException(
          "expected IR version %d to %d, found %d; export the model for an older version of ONNX"
              .formatted(MIN_IR_VERSION, MAX_IR_VERSION, ir));
    }
    if (ir < MIN_IR_VERSION) {
      throw new InvalidModelException(
          "expected IR version %d to %d, found %d; convert the model with ONNX's version converter"
              .formatted(MIN_IR_VERSION, MAX_IR_VERSION, ir));
    }
    if (graph == null) {
      throw new InvalidModelException(
          "expected a graph, found none; check that the file was copied to its end");
    }
    if (!model.has("opset_import")) {
      throw new InvalidModelException(
          "expected an opset_import, which says what the operators mean, found none; export the"
              + " model again");
    }
  }

  private void children(Message message, String place, Scope scope) {
    FieldReader reader = message.reader();
    int[] index = new int[32];
    while (reader.next()) {
      Field field = message.type().field(reader.number());
      if (field == null || field.kind() != Kind.MESSAGE) {
        continue;
      }
      Message child = message.at(reader, field.type());
      String step = field.repeated() ? field.name() + " " + index[field.number()]++ : field.name();
      visit(child, field.name(), step, place, scope);
    }
  }

  private void visit(Message message, String field, String step, String parent, Scope scope) {
    String place = parent.isEmpty() ? step : parent + ", " + step;
    Scope inner = scope;
    switch (message.type()) {
      case GRAPH -> {
        if (scope.graphs() > MAX_SUBGRAPHS) {
          throw new InvalidModelException(
              "%s: graphs nest deeper than %d levels; export the model with fewer conditions within conditions"
                  .formatted(place, MAX_SUBGRAPHS));
        }
        count(message, place);
        KnownShapes shapes = KnownShapes.of(message, scope.shapes());
        inner = new Scope(scope.graphs() + 1, scope.function(), shapes);
      }
      case FUNCTION -> inner = new Scope(1, true, KnownShapes.none()); // as a graph that calls it
      case OPERATOR_SET_ID -> opset(message, place);
      case NODE -> {
        place += " (" + named(message.text("op_type"), message.text("name")) + ")";
        node(message, place, scope.shapes());
      }
      case ATTRIBUTE -> {
        place += " (" + Quote.text(message.text("name")) + ")";
        AttributeRules.check(message, place, scope.function());
      }
      case TENSOR -> {
        place += message.has("name") ? " (" + Quote.text(message.text("name")) + ")" : "";
        boolean mayBeExternal =
            options.externalDataFolder() != null
                && parent.equals("graph")
                && field.equals("initializer");
        TensorRules.check(message, place, mayBeExternal);
      }
      case SPARSE_TENSOR -> sparseBytes -= SparseRules.check(message, place, sparseBytes);
      case TENSOR_TYPE, SPARSE_TENSOR_TYPE -> elementType(message, "elem_type", place);
      case MAP_TYPE -> elementType(message, "key_type", place);
      default -> {}
    }
    children(message, place, inner);
  }

  private static String named(String operator, String name) {
    return Quote.plain(operator) + (name.isEmpty() ? "" : " " + Quote.text(name));
  }

  private static void opset(Message opset, String place) {
    String domain = opset.text("domain");
    boolean ml = domain.equals(ML);
    if (!ml && !isStandard(domain)) {
      return; // matters only for a node of this domain, which is checked there
    }
    long version = opset.number("version");
    int max = ml ? MAX_ML_OPSET : MAX_OPSET;
    if (version > max) {
      throw new InvalidModelException(
          "%s: expected an opset of %s up to %d, found %d; export the model with an older opset, or convert it with ONNX's version converter"
              .formatted(place, ml ? ML : "ai.onnx", max, version));
    }
    if (version < 1) {
      throw new InvalidModelException(
          "%s: expected an opset of %s from 1 to %d, found %d; export the model again"
              .formatted(place, ml ? ML : "ai.onnx", max, version));
    }
  }

  /** Checks the number of nodes before anything iterates over them. */
  private static void count(Message graph, String place) {
    int count = graph.count("node");
    if (count > FunctionRules.MAX_NODES) {
      throw new InvalidModelException(
          "%s: expected at most %d nodes, found %d"
              .formatted(place, FunctionRules.MAX_NODES, count));
    }
    for (Message node : graph.messages("node")) {
      OperatorRules.count(node, place);
    }
  }

  /** Refuses names that ONNX Runtime's Java binding garbles, so that nobody could run the model. */
  private void names() {
    Message graph = Objects.requireNonNull(model.message("graph"));
    for (String field : List.of("input", "output")) {
      for (Message value : graph.messages(field)) {
        String name = value.text("name");
        if (name.chars().anyMatch(c -> c == 0 || Character.isSurrogate((char) c))) {
          throw new InvalidModelException(
              "graph, %s (%s): expected a name without U+0000 and characters beyond U+FFFF; rename it"
                  .formatted(field, Quote.text(name)));
        }
      }
    }
  }

  private void node(Message node, String place, @Nullable KnownShapes shapes) {
    if (++nodes > FunctionRules.MAX_NODES) {
      throw new InvalidModelException(
          "%s: expected at most %d nodes".formatted(place, FunctionRules.MAX_NODES));
    }
    String operator = node.text("op_type");
    if (operator.isEmpty()) {
      throw new InvalidModelException(place + ": expected an operator's name, found none");
    }
    String domain = node.text("domain");
    if (!isStandard(domain) && !options.domains().contains(domain)) {
      throw new InvalidModelException(
          "%s: expected an operator of ONNX, found one of the domain %s; if you trust it, allow it with ModelOptions.allowDomains"
              .formatted(place, Quote.text(domain)));
    }
    Set<String> names = new HashSet<>();
    for (Message attribute : node.messages("attribute")) {
      if (!names.add(attribute.text("name"))) {
        throw new InvalidModelException(
            "%s: expected each attribute once, found %s twice; export the model again"
                .formatted(place, Quote.text(attribute.text("name"))));
      }
    }
    needsElements |= NEED_ELEMENTS.contains(operator);
    if (isStandard(domain)) {
      OperatorRules.check(node, shapes == null ? KnownShapes.none() : shapes, place);
    }
  }

  /** Tells whether a domain is one of ONNX's own. */
  static boolean isStandard(String domain) {
    return domain.isEmpty() || domain.equals("ai.onnx") || domain.equals(ML);
  }

  private static void elementType(Message type, String field, String place) {
    if (ElementType.of(type.number(field)) == null) {
      throw new InvalidModelException(
          "%s: expected an element type from 1 to 26, found %d"
              .formatted(place, type.number(field)));
    }
  }
}
