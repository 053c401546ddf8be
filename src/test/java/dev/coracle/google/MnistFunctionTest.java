// SPDX-License-Identifier: Apache-2.0
package dev.coracle.google;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.cloud.functions.HttpRequest;
import com.google.cloud.functions.HttpResponse;
import dev.coracle.function.ClassifyFunction;
import dev.coracle.function.Vector;
import dev.coracle.inference.Classifier;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MnistFunctionTest {

  static List<Vector> vectors() {
    return Vector.all();
  }

  private static <T> T fake(Class<T> type, Map<String, Object> answers) {
    return type.cast(
        Proxy.newProxyInstance(
            MnistFunctionTest.class.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              Object answer = answers.get(method.getName());
              if (answer instanceof Recorder recorder) {
                recorder.take(arguments);
                return null;
              }
              return answer instanceof Lookup lookup
                  ? lookup.get(String.valueOf(arguments[0]))
                  : answer;
            }));
  }

  private interface Recorder {
    void take(Object[] arguments);
  }

  private interface Lookup {
    Optional<String> get(String name);
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void service_eachVector_isAsExpected(Vector vector) throws IOException {
    Lookup header = name -> Optional.ofNullable(vector.headers().get(name));
    Lookup query =
        name ->
            name.equals("probabilities")
                ? Optional.ofNullable(vector.probabilities())
                : Optional.empty();
    HttpRequest request =
        fake(
            HttpRequest.class,
            Map.of(
                "getMethod",
                vector.method(),
                "getContentType",
                Optional.ofNullable(vector.contentType()),
                "getFirstHeader",
                header,
                "getFirstQueryParameter",
                query,
                "getInputStream",
                new ByteArrayInputStream(vector.body())));
    Map<String, Object> answered = new HashMap<>();
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    Recorder status = arguments -> answered.put("status", arguments[0]);
    Recorder type = arguments -> answered.put("type", arguments[0]);
    Recorder added = arguments -> answered.put(String.valueOf(arguments[0]), arguments[1]);
    HttpResponse response =
        fake(
            HttpResponse.class,
            Map.of(
                "setStatusCode", status,
                "setContentType", type,
                "appendHeader", added,
                "getOutputStream", body));
    try (Classifier model = Vector.model()) {
      new MnistFunction(new ClassifyFunction(() -> model)).service(request, response);
    }
    vector.check(
        (Integer) Objects.requireNonNull(answered.get("status")),
        (String) answered.get("type"),
        body.toByteArray());
    assertThat(answered.containsKey("Allow")).isEqualTo(vector.status() == 405);
  }
}
