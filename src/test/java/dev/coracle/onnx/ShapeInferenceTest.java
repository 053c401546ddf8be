// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.types.DataType;
import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import com.google.protobuf.ByteString;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Holds the checker's operators and shapes against ONNX Runtime, one node at a time: {@code
 * operator-cases.txt} and small changes of these by chance.
 */
class ShapeInferenceTest {

  private static final OrtEnvironment ORT = OrtEnvironment.getEnvironment();
  private static final int CHANGES = 6; // of each case

  /** What ONNX forbids and ONNX Runtime does not notice. */
  private static final List<String> UNNOTICED =
      List.of("GatherND for : expected indices of at most 2 axes", "expected each axis once");

  /** A node with constant inputs, and what ONNX Runtime gives for it. */
  private record Case(String text, NodeProto node, int opset, List<Initializer> inputs) {

    OnnxGraph graph(List<TensorInfo> outputs, UnaryOperator<Long> stated) {
      GraphProto.Builder graph = GraphProto.newBuilder().setName("g").addNode(node);
      for (int i = 0; i < outputs.size(); i++) {
        var type =
            graph.addOutputBuilder().setName("y" + i).getTypeBuilder().getTensorTypeBuilder();
        type.setElemType((int) OnnxTypes.elementType(type(outputs.get(i))));
        type.getShapeBuilder();
        for (long dim : outputs.get(i).getShape()) {
          type.getShapeBuilder().addDimBuilder().setDimValue(stated.apply(dim));
        }
      }
      return new OnnxGraph(opset, Map.of(), graph.build(), inputs, Map.of());
    }

    /** Returns the types and shapes of the outputs, or null where ONNX Runtime refuses. */
    @Nullable List<TensorInfo> run() throws OrtException {
      GraphProto.Builder graph = GraphProto.newBuilder().setName("g").addNode(node);
      for (Initializer input : inputs) {
        graph.addInitializer(
            TensorProto.newBuilder()
                .setName(input.name())
                .setDataType((int) OnnxTypes.elementType(input.type()))
                .addAllDims(input.dims())
                .setRawData(ByteString.copyFrom(input.bytes())));
      }
      node.getOutputList()
          .forEach(name -> graph.addOutput(ValueInfoProto.newBuilder().setName(name)));
      ModelProto.Builder model =
          ModelProto.newBuilder().setIrVersion(OnnxGraph.irVersion(opset)).setGraph(graph);
      model.addOpsetImportBuilder().setVersion(opset);
      try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
        options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
        options.setIntraOpNumThreads(1);
        return run(model.build().toByteArray(), options);
      }
    }

    private static @Nullable List<TensorInfo> run(byte[] model, OrtSession.SessionOptions options)
        throws OrtException {
      try (OrtSession session = ORT.createSession(model, options);
          OrtSession.Result result = session.run(Map.of())) {
        List<TensorInfo> outputs = new ArrayList<>();
        for (int i = 0; i < result.size(); i++) {
          outputs.add(((OnnxTensor) result.get(i)).getInfo());
        }
        return outputs.stream().anyMatch(output -> type(output) == DataType.UNKNOWN)
            ? null // a type that the exporter does not know
            : outputs;
      } catch (OrtException e) {
        if (e.getCode() == OrtException.OrtErrorCode.ORT_NOT_IMPLEMENTED) {
          throw e; // the case is of no use
        }
        return null;
      }
    }

    void check(List<TensorInfo> outputs, UnaryOperator<Long> stated) {
      GraphChecker.check(graph(outputs, stated), List.of(Map.of()));
    }
  }

  private static DataType type(TensorInfo info) {
    return switch (info.type) {
      case FLOAT -> DataType.FLOAT32;
      case INT64 -> DataType.INT64;
      case INT32 -> DataType.INT32;
      case BOOL -> DataType.BOOLEAN;
      case DOUBLE -> DataType.FLOAT64;
      case FLOAT16 -> DataType.FLOAT16;
      case UINT8 -> DataType.UINT8;
      case INT8 -> DataType.INT8;
      case INT16 -> DataType.INT16;
      default -> DataType.UNKNOWN;
    };
  }

  @Test
  void check_caseOfEachOperator_agreesWithOnnxRuntime() throws IOException, OrtException {
    Set<String> operators = new HashSet<>();
    for (String line : lines()) {
      Case one = parse(line);
      List<TensorInfo> outputs = one.run();
      if (outputs == null) {
        throw new AssertionError("ONNX Runtime refuses " + line);
      }
      one.check(outputs, dim -> dim);
      if (outputs.stream().anyMatch(output -> output.getShape().length > 0)) {
        assertThatThrownBy(() -> one.check(outputs, dim -> dim + 1))
            .as(line)
            .isInstanceOf(ExportException.class)
            .hasMessageContaining("is stated with shape");
      }
      operators.add(one.node().getOpType());
    }
    assertThat(operators).containsExactlyInAnyOrderElementsOf(OperatorTable.operators());
  }

  @Test
  void check_changedCase_acceptsWhatOnnxRuntimeAccepts() throws IOException, OrtException {
    int accepted = 0;
    List<String> refused = new ArrayList<>();
    for (String line : lines()) {
      Random random = new Random(line.hashCode());
      for (int i = 0; i < CHANGES; i++) {
        Case changed = parse(change(line, random));
        List<TensorInfo> outputs = changed.run();
        if (outputs != null) {
          accepted++;
          try {
            changed.check(outputs, dim -> dim);
          } catch (ExportException e) {
            if (UNNOTICED.stream().noneMatch(String.valueOf(e.getMessage())::contains)) {
              refused.add(changed.text() + ": " + e.getMessage());
            }
          }
        }
      }
    }
    assertThat(refused).isEmpty();
    assertThat(accepted).isGreaterThan(lines().size());
  }

  @Test
  void rules_areThereForEachOperatorOfTheTable() {
    assertThat(OperatorTable.operators())
        .allSatisfy(operator -> assertThat(ShapeInference.rule(operator)).isNotNull());
  }

  /**
   * Changes one number of a case, be it a size, an element or an attribute, by one. Not what ONNX
   * Runtime 1.29.0 ends the process for: Split with another number of outputs than it says, and
   * OneHot with a depth of no element.
   */
  private static String change(String line, Random random) {
    List<Integer> digits = new ArrayList<>();
    boolean length = false;
    for (int i = line.indexOf('|'); i < line.length(); i++) {
      length = line.startsWith("l(", i) || (length && line.charAt(i) != ')');
      if (Character.isDigit(line.charAt(i)) && !length) {
        digits.add(i);
      }
    }
    if (digits.isEmpty() || line.contains("num_outputs")) {
      return line;
    }
    int chosen = digits.get(random.nextInt(digits.size()));
    int digit = line.charAt(chosen) - '0' + (random.nextBoolean() ? 1 : -1);
    StringBuilder changed = new StringBuilder(line);
    changed.setCharAt(chosen, (char) ('0' + Math.max(0, Math.min(9, digit))));
    return changed.toString();
  }

  private static List<String> lines() throws IOException {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(
                    ShapeInferenceTest.class.getResourceAsStream("operator-cases.txt")),
                StandardCharsets.UTF_8))) {
      return lines.lines().filter(line -> !line.startsWith("#")).toList();
    }
  }

  /** Reads a line; the file says how it is written. */
  private static Case parse(String line) {
    String[] fields =
        Arrays.stream(line.split("\\|", -1)).map(String::strip).toArray(String[]::new);
    String[] head = fields[0].split(" ", -1);
    NodeProto.Builder node = NodeProto.newBuilder().setName("n").setOpType(head[0]);
    List<Initializer> inputs = new ArrayList<>();
    for (String input : words(fields[1])) {
      node.addInput(input.equals("-") ? "" : "x" + inputs.size());
      if (!input.equals("-")) {
        inputs.add(initializer("x" + inputs.size(), input));
      }
    }
    for (String attribute : words(fields[2])) {
      node.addAttribute(attribute(attribute));
    }
    for (int i = 0; i < Integer.parseInt(fields.length > 3 ? fields[3] : "1"); i++) {
      node.addOutput("y" + i);
    }
    int opset = head.length > 1 ? Integer.parseInt(head[1]) : 17;
    return new Case(line, node.build(), opset, inputs);
  }

  private static List<String> words(String field) {
    return field.isEmpty() ? List.of() : List.of(field.split(" ", -1));
  }

  /** Reads {@code f(2,3)} or {@code l(2)=1,0}. */
  private static Initializer initializer(String name, String text) {
    DataType type =
        switch (text.charAt(0)) {
          case 'f' -> DataType.FLOAT32;
          case 'l' -> DataType.INT64;
          case 'i' -> DataType.INT32;
          case 'o' -> DataType.BOOLEAN;
          default -> throw new IllegalArgumentException(text);
        };
    List<Long> dims = longs(text.substring(2, text.indexOf(')')));
    List<Long> values =
        text.contains("=") ? longs(text.substring(text.indexOf('=') + 1)) : List.of();
    int size = (int) ArrayFact.size(dims);
    ByteBuffer data =
        ByteBuffer.allocate(size * type.getNumOfBytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < size; i++) {
      Numbers.put(data, i < values.size() ? (double) values.get(i) : 1, type);
    }
    return new Initializer(name, type, dims, data.flip()::duplicate);
  }

  private static List<Long> longs(String text) {
    return text.isEmpty()
        ? List.of()
        : Arrays.stream(text.split(",", -1)).map(Long::valueOf).collect(Collectors.toList());
  }

  /** Reads {@code axis=1}, {@code perm=1,0,} or {@code mode=edge}. */
  private static AttributeProto attribute(String text) {
    String[] parts = text.split("=", -1);
    AttributeProto.Builder attribute = AttributeProto.newBuilder().setName(parts[0]);
    if (parts[1].endsWith(",")) {
      return attribute
          .setType(AttributeType.INTS)
          .addAllInts(longs(parts[1].substring(0, parts[1].length() - 1)))
          .build();
    }
    return parts[1].matches("-?[0-9]+")
        ? attribute.setType(AttributeType.INT).setI(Long.parseLong(parts[1])).build()
        : attribute.setType(AttributeType.STRING).setS(ByteString.copyFromUtf8(parts[1])).build();
  }
}
