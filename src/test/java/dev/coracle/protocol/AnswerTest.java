// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.coracle.inference.Classifier;
import dev.coracle.inference.Prediction;
import dev.coracle.inference.TestModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Oracle: {@link Classifier#classify} on the same images, and Jackson's parser; no tolerance. */
class AnswerTest {

  private static final String FLAT = '[' + Models.numbers(0) + ']';
  private static final String TWO = '[' + FLAT + ",[" + Models.numbers(1) + "]]";

  private final Classifier classifier;

  AnswerTest(@TempDir Path folder) throws IOException {
    classifier = Classifier.open(TestModel.mnist().write(folder.resolve("model.onnx")));
  }

  @AfterEach
  void close() {
    classifier.close();
  }

  private Answer answer(RequestBody body) {
    return answer(Query.invocation(classifier.codec(), body, "*/*"));
  }

  private Answer answer(Query query) {
    return query.answer(classifier.scores(query.images()));
  }

  private List<Prediction> expected() {
    return classifier.classify(
        Query.invocation(classifier.codec(), Models.body(null, TWO), "*/*").images());
  }

  private static Object parsed(byte[] json) throws IOException {
    try (JsonParser parser = new JsonFactory().createParser(json)) {
      parser.nextToken();
      return value(parser);
    }
  }

  private static Object value(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    if (token == JsonToken.START_ARRAY) {
      List<Object> list = new ArrayList<>();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        list.add(value(parser));
      }
      return list;
    }
    if (token == JsonToken.START_OBJECT) {
      Map<String, Object> map = new LinkedHashMap<>();
      for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
        parser.nextToken();
        map.put(name, value(parser));
      }
      return map;
    }
    if (token == JsonToken.VALUE_NUMBER_INT) {
      return parser.getIntValue();
    }
    return token == JsonToken.VALUE_NUMBER_FLOAT ? parser.getFloatValue() : parser.getText();
  }

  private static List<Float> list(float[] values) {
    List<Float> list = new ArrayList<>();
    for (float value : values) {
      list.add(value);
    }
    return list;
  }

  private static Map<String, Object> object(Prediction prediction) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("index", prediction.index());
    object.put("label", prediction.label());
    object.put("probability", prediction.probability());
    object.put("probabilities", list(prediction.probabilities()));
    return object;
  }

  @Test
  void answer_eachFormOfRequest_hasItsForm() throws IOException {
    List<Prediction> expected = expected();
    List<?> rows = expected.stream().map(p -> list(p.probabilities())).toList();
    List<?> digits = expected.stream().map(Prediction::index).toList();
    List<?> objects = expected.stream().map(AnswerTest::object).toList();
    Map<String, Object> byBody =
        Map.of(
            TWO,
            rows,
            "{\"inputs\":" + TWO + "}",
            Map.of("outputs", rows),
            "{\"data\":" + TWO + "}",
            Map.of("digits", digits),
            "{\"instances\":" + TWO + "}",
            Map.of("predictions", objects));
    for (Map.Entry<String, Object> entry : byBody.entrySet()) {
      Answer answer = answer(Models.body("application/json", entry.getKey()));
      assertThat(answer.contentType()).isEqualTo("application/json");
      assertThat(parsed(answer.body())).isEqualTo(entry.getValue());
    }
    RequestBody csv = Models.body("text/csv", Models.numbers(0) + "\n" + Models.numbers(1));
    assertThat(parsed(answer(csv).body())).isEqualTo(Map.of("predictions", objects));

    RequestBody body = Models.body("text/plain", TWO);
    assertThat(parsed(answer(Query.classify(classifier.codec(), body, false)).body()))
        .isEqualTo(Map.of("digits", digits));
    assertThat(parsed(answer(Query.classify(classifier.codec(), body, true)).body()))
        .isEqualTo(Map.of("digits", digits, "probabilities", rows));
  }

  /** In some, digits are others. */
  @Test
  void answer_anyLocale_isTheSameNpy() throws IOException {
    byte[] two = TWO.getBytes(StandardCharsets.UTF_8);
    byte[] expected = answer(new RequestBody(null, "application/x-npy", two)).body();
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.forLanguageTag("ar-EG"));
      assertThat(String.format("%d", 1)).isNotEqualTo("1");
      assertThat(answer(new RequestBody(null, "application/x-npy", two)).body())
          .isEqualTo(expected);
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void answer_csvAndJsonLinesAndNpy_holdTheProbabilities() throws IOException {
    List<Prediction> expected = expected();
    byte[] two = TWO.getBytes(StandardCharsets.UTF_8);
    Answer csv = answer(new RequestBody(null, "text/csv", two));
    Answer lines = answer(new RequestBody(null, "application/x-ndjson", two));
    Answer npy = answer(new RequestBody(null, "application/x-npy", two));
    assertThat(csv.contentType()).isEqualTo("text/csv");
    assertThat(lines.contentType()).isEqualTo("application/jsonlines");
    assertThat(npy.contentType()).isEqualTo("application/x-npy");
    String[] csvLines = new String(csv.body(), StandardCharsets.US_ASCII).strip().split("\n", -1);
    String[] jsonLines = new String(lines.body(), StandardCharsets.UTF_8).strip().split("\n", -1);
    assertThat(csvLines).hasSize(2);
    assertThat(jsonLines).hasSize(2);
    ByteBuffer file = ByteBuffer.wrap(npy.body()).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(Arrays.copyOf(npy.body(), 8))
        .isEqualTo(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0});
    int data = 10 + file.getShort(8);
    assertThat(data % 64).isZero();
    assertThat(new String(npy.body(), 10, data - 10, StandardCharsets.US_ASCII))
        .matches("\\{'descr': '<f4', 'fortran_order': False, 'shape': \\(2, 10\\), } *\n");
    assertThat(npy.body()).hasSize(data + 2 * 10 * 4);
    for (int image = 0; image < 2; image++) {
      float[] probabilities = expected.get(image).probabilities();
      assertThat(Arrays.stream(csvLines[image].split(",", -1)).map(Float::parseFloat).toList())
          .isEqualTo(list(probabilities));
      assertThat(parsed(jsonLines[image].getBytes(StandardCharsets.UTF_8)))
          .isEqualTo(object(expected.get(image)));
      for (int i = 0; i < 10; i++) {
        assertThat(file.getFloat(data + 4 * (10 * image + i))).isEqualTo(probabilities[i]);
      }
    }
  }

  @Test
  void answer_bytesAndScaledNumbers_areAsClassify() throws IOException {
    byte[] pixels = new byte[Models.PIXELS];
    StringBuilder json = new StringBuilder("[");
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (i * 7);
      json.append(i == 0 ? "" : ",").append(pixels[i] & 0xff);
    }
    Object expected = List.of(list(classifier.classify(pixels).probabilities()));
    assertThat(parsed(answer(Models.body("application/json;scale=255", json + "]")).body()))
        .isEqualTo(expected);
    assertThat(parsed(answer(new RequestBody("application/octet-stream", null, pixels)).body()))
        .isEqualTo(Map.of("predictions", List.of(object(classifier.classify(pixels)))));
  }

  @Test
  void answer_scoreThatIsNoNumber_blamesTheValues() {
    Query invocation = Query.invocation(classifier.codec(), Models.body(null, FLAT), "*/*");
    for (float score : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      assertBlamesTheValues(invocation, score);
    }
    // The raw score -infinity is a probability of 0, but JSON cannot write it.
    Query infer = inferQuery(infer("[1,1,28,28]", FLAT, ""));
    for (float score : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      assertBlamesTheValues(infer, score);
    }
  }

  private static void assertBlamesTheValues(Query query, float score) {
    float[] scores = new float[10];
    scores[3] = score;
    assertThatExceptionOfType(RequestException.class)
        .as("%s", score)
        .isThrownBy(() -> query.answer(scores))
        .withMessage(
            "the model's output for these images is not a number; send values in the range that it"
                + " was trained on")
        .extracting(RequestException::status)
        .isEqualTo(400);
  }

  /** A terminal's prompt would follow; SageMaker joins what /invocations answers by line ends. */
  @Test
  void answer_json_endsWithALineEndButForInvocations() {
    assertThat(text(Query.classify(classifier.codec(), Models.body(null, TWO), true)))
        .endsWith("]]}\n");
    String infer = infer("[1,1,28,28]", '[' + Models.numbers(0) + ']', "");
    assertThat(text(inferQuery(infer))).endsWith("]}]}\n");
    String instances = "{\"instances\":" + TWO + "}";
    assertThat(text(Query.invocation(classifier.codec(), Models.body(null, instances), "*/*")))
        .endsWith("]}]}");
    assertThat(Answer.error("a").body()).asString(StandardCharsets.UTF_8).endsWith("\"}\n");
  }

  private String text(Query query) {
    return new String(answer(query).body(), StandardCharsets.UTF_8);
  }

  private static String infer(String shape, String data, String more) {
    return "{\"id\":\"a\\u00e9\",\"parameters\":{\"x\":[1]},\"inputs\":[{\"data\":"
        + data
        + ",\"name\":\"input_0\",\"shape\":"
        + shape
        + ",\"datatype\":\"FP32\",\"parameters\":{}}]"
        + more
        + "}";
  }

  private Query inferQuery(String json) {
    return Query.infer(classifier.codec(), "mnist", "0123", Models.body(null, json));
  }

  /** Without it in mind, grey values would be taken for the model's input. */
  @Test
  void infer_scale_is400() {
    String json = infer("[1,1,28,28]", '[' + Models.numbers(0) + ']', "");
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(
            () ->
                Query.infer(
                    classifier.codec(),
                    "mnist",
                    "0123",
                    Models.body("application/json; scale=255", json)))
        .withMessageEndingWith("whose numbers are the model's input; leave it out")
        .extracting(RequestException::status)
        .isEqualTo(400);
  }

  @Test
  void infer_flatOrNested_answersRawScores() throws IOException {
    String both = '[' + Models.numbers(0) + ',' + Models.numbers(1) + ']';
    Query query = inferQuery(infer("[2,1,28,28]", both, ",\"outputs\":[{\"name\":\"output_0\"}]"));
    JsonImagesTest.assertImages(query.images(), 2);
    float[] scores = classifier.scores(query.images());
    Map<String, Object> expected = new LinkedHashMap<>();
    expected.put("model_name", "mnist");
    expected.put("model_version", "0123");
    expected.put("id", "aé");
    expected.put(
        "outputs",
        List.of(
            Map.of(
                "name",
                "output_0",
                "shape",
                List.of(2, 10),
                "datatype",
                "FP32",
                "data",
                list(scores))));
    assertThat(parsed(query.answer(scores).body())).isEqualTo(expected);

    List<String> numbers = Models.texts(0);
    StringBuilder nested = new StringBuilder("[[[");
    for (int row = 0; row < 28; row++) {
      nested.append(row == 0 ? "" : ",").append(numbers.subList(row * 28, row * 28 + 28));
    }
    JsonImagesTest.assertImages(
        inferQuery(infer("[1,1,28,28]", nested + "]]]", ",\"outputs\":[]")).images(), 1);
  }

  @Test
  void infer_wrongRequest_isRefused() {
    Map<String, String> wrong = new LinkedHashMap<>();
    String good = infer("[1,1,28,28]", FLAT, "");
    wrong.put(good.replace("input_0", "x"), "expected the input input_0, the only one");
    wrong.put(good.replace("FP32", "FP64"), "expected the datatype FP32, got \"FP64\"");
    wrong.put(good.replace("[1,1,28,28]", "[1,28,28]"), "(N, 1, 28, 28), got (1, 28, 28)");
    wrong.put(
        good.replace("[1,1,28,28]", "[2,1,28,28]"), "(2, 1, 28, 28) or 1568 numbers, got (784)");
    wrong.put(good.replace("[1,1,28,28]", "[0,1,28,28]"), "got (0, 1, 28, 28)");
    wrong.put(good.replace("[1,1,28,28]", "[-1,1,28,28]"), "the size of an axis");
    wrong.put(good.replace("[1,1,28,28]", "[1,1,28,28,1]"), "at most 4 sizes");
    wrong.put(good.replace("\"data\"", "\"date\""), "expected \"data\" in the input tensor");
    wrong.put(good.replace("\"name\"", "\"data\""), "expected \"data\" once");
    wrong.put(good.replace("}]", "},{}]"), "one input tensor only");
    wrong.put(good.replace("\"inputs\"", "\"input\""), "expected \"inputs\"");
    wrong.put(good.replace("\"a\\u00e9\"", "7"), "expected a string as id");
    wrong.put(good.replace("\\u00e9", "\\ud800"), "half a surrogate pair");
    wrong.put(infer("[1,1,28,28]", FLAT, ",\"outputs\":[{\"name\":\"y\"}]"), "the output output_0");
    wrong.put(infer("[1,1,28,28]", FLAT, ",\"outputs\":[{}]"), "expected \"name\" in the output");
    wrong.put(good + "1", "expected nothing more");
    wrong.put("[]", "expected a request");
    wrong.forEach(
        (json, message) ->
            assertThatExceptionOfType(RequestException.class)
                .isThrownBy(() -> inferQuery(json))
                .withMessageContaining(message)
                .extracting(RequestException::status)
                .isEqualTo(400));
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(() -> Query.infer(classifier.codec(), "m", "1", Models.body("text/csv", "1")))
        .extracting(RequestException::status)
        .isEqualTo(415);
  }

  @Test
  void metadata_ofAModel_isAsTheProtocolHasIt() {
    assertThat(
            new String(
                OpenInference.metadata(classifier.codec(), "mnist", "0123").body(),
                StandardCharsets.UTF_8))
        .isEqualTo(
            "{\"name\":\"mnist\",\"versions\":[\"0123\"],\"platform\":\"onnx_onnxv1\","
                + "\"inputs\":[{\"name\":\"input_0\",\"datatype\":\"FP32\",\"shape\":[-1,1,28,28]}],"
                + "\"outputs\":[{\"name\":\"output_0\",\"datatype\":\"FP32\",\"shape\":[-1,10]}]}\n");
  }
}
