// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.types.DataType;
import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Folds each batch normalisation into the convolution before it, where nothing else uses the
 * convolution's output: weights times <i>a</i> = γ/√(σ²+ε), bias <i>(b−μ)a+β</i>, computed in
 * float64 and rounded to float32 once.
 */
final class ConvBatchNormFolding {

  private static final String SUFFIX = "_folded";
  private static final float EPSILON = 1e-5f; // ONNX's default

  private final OnnxGraph graph;
  private final Map<String, Initializer> initializers = new LinkedHashMap<>();
  private final Map<String, Integer> uses = new HashMap<>();
  private final Set<String> names = new HashSet<>();

  private ConvBatchNormFolding(OnnxGraph graph) {
    this.graph = graph;
    graph.initializers().forEach(i -> initializers.put(i.name(), i));
    for (NodeProto node : graph.graph().getNodeList()) {
      node.getInputList().forEach(input -> uses.merge(input, 1, Integer::sum));
      names.addAll(node.getOutputList());
    }
    graph.graph().getOutputList().forEach(output -> uses.merge(output.getName(), 1, Integer::sum));
    graph.graph().getInputList().forEach(input -> names.add(input.getName()));
    names.addAll(initializers.keySet());
  }

  static OnnxGraph fold(OnnxGraph graph) {
    return new ConvBatchNormFolding(graph).fold();
  }

  private OnnxGraph fold() {
    Map<String, NodeProto> convolutions = new HashMap<>(); // by output
    List<NodeProto> nodes = new ArrayList<>(graph.graph().getNodeList());
    for (NodeProto node : graph.graph().getNodeList()) {
      if (is(node, "Conv") && uses.getOrDefault(node.getOutput(0), 0) == 1) {
        convolutions.put(node.getOutput(0), node);
      } else if (is(node, "BatchNormalization") && convolutions.containsKey(node.getInput(0))) {
        NodeProto convolution = Objects.requireNonNull(convolutions.get(node.getInput(0)));
        NodeProto folded = fold(convolution, node);
        if (folded != null) {
          nodes.set(nodes.indexOf(convolution), folded);
          nodes.remove(node);
        }
      }
    }
    GraphProto.Builder built = graph.graph().toBuilder().clearNode().addAllNode(nodes);
    return new OnnxGraph(
        graph.opset(), graph.domains(), built.build(), used(nodes), graph.traced());
  }

  private static boolean is(NodeProto node, String operator) {
    return node.getDomain().isEmpty() && node.getOpType().equals(operator);
  }

  private List<Initializer> used(List<NodeProto> nodes) {
    Map<String, Initializer> used = new LinkedHashMap<>();
    for (NodeProto node : nodes) {
      for (String input : node.getInputList()) {
        Initializer initializer = initializers.get(input);
        if (initializer != null) {
          used.put(input, initializer);
        }
      }
    }
    return List.copyOf(used.values());
  }

  /**
   * Returns the convolution that does both, or null where not all of their parameters are float32
   * initializers.
   */
  private @Nullable NodeProto fold(NodeProto convolution, NodeProto normalisation) {
    List<Initializer> given = new ArrayList<>(); // γ β μ σ², weight, bias
    List<String> wanted = new ArrayList<>(normalisation.getInputList().subList(1, 5));
    wanted.addAll(convolution.getInputList().subList(1, convolution.getInputCount()));
    for (String name : wanted) {
      Initializer initializer = initializers.get(name);
      if (initializer == null || initializer.type() != DataType.FLOAT32) {
        return null;
      }
      given.add(initializer);
    }
    Initializer weight = given.get(4);
    Initializer bias = given.size() > 5 ? given.get(5) : null;
    double epsilon = epsilon(normalisation);
    Initializer foldedWeight = add(weight.name(), weight.dims(), () -> weight(given, epsilon));
    Initializer foldedBias =
        add(
            bias == null ? given.get(1).name() : bias.name(),
            given.get(1).dims(),
            () -> bias(given, epsilon));
    return convolution.toBuilder()
        .clearInput()
        .addInput(convolution.getInput(0))
        .addInput(foldedWeight.name())
        .addInput(foldedBias.name())
        .setOutput(0, normalisation.getOutput(0))
        .setDocString(convolution.getDocString() + "; " + normalisation.getDocString())
        .build();
  }

  private Initializer add(String source, List<Long> dims, Initializer.Content content) {
    String name = source + SUFFIX;
    while (!names.add(name)) {
      name += "_";
    }
    Initializer added = new Initializer(name, DataType.FLOAT32, dims, content);
    initializers.put(name, added);
    return added;
  }

  private static double epsilon(NodeProto normalisation) {
    return normalisation.getAttributeList().stream()
        .filter(attribute -> attribute.getName().equals("epsilon"))
        .map(AttributeProto::getF)
        .findFirst()
        .orElse(EPSILON);
  }

  /** Computed only when written, so that no second copy of all weights is in memory. */
  private static ByteBuffer weight(List<Initializer> given, double epsilon) {
    double[] factors = factors(given, epsilon);
    FloatBuffer weight = floats(given.get(4));
    int filter = weight.remaining() / factors.length;
    ByteBuffer folded = buffer(weight.remaining());
    for (int i = 0; weight.hasRemaining(); i++) {
      folded.putFloat((float) (weight.get() * factors[i / filter]));
    }
    return folded.flip();
  }

  private static ByteBuffer bias(List<Initializer> given, double epsilon) {
    double[] factors = factors(given, epsilon);
    FloatBuffer beta = floats(given.get(1));
    FloatBuffer mean = floats(given.get(2));
    FloatBuffer bias = given.size() > 5 ? floats(given.get(5)) : null;
    ByteBuffer folded = buffer(factors.length);
    for (double factor : factors) {
      double own = bias == null ? 0 : bias.get();
      folded.putFloat((float) ((own - mean.get()) * factor + beta.get()));
    }
    return folded.flip();
  }

  private static double[] factors(List<Initializer> given, double epsilon) {
    FloatBuffer gamma = floats(given.get(0));
    FloatBuffer variance = floats(given.get(3));
    double[] factors = new double[gamma.remaining()];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = gamma.get() / Math.sqrt(variance.get() + epsilon);
    }
    return factors;
  }

  private static FloatBuffer floats(Initializer initializer) {
    return initializer.bytes().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
  }

  private static ByteBuffer buffer(int floats) {
    return ByteBuffer.allocate(Math.multiplyExact(floats, Float.BYTES))
        .order(ByteOrder.LITTLE_ENDIAN);
  }
}
