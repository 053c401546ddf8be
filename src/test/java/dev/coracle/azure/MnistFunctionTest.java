// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.azure.functions.ExecutionContext;
import com.microsoft.azure.functions.HttpMethod;
import com.microsoft.azure.functions.HttpResponseMessage;
import com.microsoft.azure.functions.annotation.AuthorizationLevel;
import com.microsoft.azure.functions.annotation.FunctionName;
import com.microsoft.azure.functions.annotation.HttpTrigger;
import dev.coracle.function.ClassifyFunction;
import dev.coracle.function.Vector;
import dev.coracle.inference.Classifier;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MnistFunctionTest {

  /** Those with a body of text: Azure's worker hands on no other as text. */
  static List<Vector> vectors() {
    return Vector.all().stream().filter(Vector::isText).toList();
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void run_eachVector_isAsExpected(Vector vector) {
    Map<String, String> headers = new HashMap<>();
    if (vector.contentType() != null) {
      headers.put("content-type", vector.contentType());
    }
    Map<String, String> query = new HashMap<>();
    if (vector.probabilities() != null) {
      query.put("probabilities", vector.probabilities());
    }
    FakeRequest request =
        new FakeRequest(
            HttpMethod.valueOf(vector.method()),
            headers,
            query,
            new String(vector.body(), StandardCharsets.UTF_8));
    try (Classifier model = Vector.model()) {
      HttpResponseMessage response =
          new MnistFunction(new ClassifyFunction(() -> model)).run(request, new Context());
      vector.check(
          response.getStatusCode(),
          response.getHeader("Content-Type"),
          (byte[]) Objects.requireNonNull(response.getBody()));
      assertThat(response.getHeader("Allow") != null).isEqualTo(vector.status() == 405);
    }
  }

  @Test
  void run_isWhatTheArticleDeploys() throws NoSuchMethodException {
    Method run =
        MnistFunction.class.getMethod(
            "run", com.microsoft.azure.functions.HttpRequestMessage.class, ExecutionContext.class);
    assertThat(run.getAnnotation(FunctionName.class).value()).isEqualTo("mnist_classify");
    HttpTrigger trigger = run.getParameters()[0].getAnnotation(HttpTrigger.class);
    assertThat(trigger.route()).isEqualTo("classify");
    assertThat(trigger.methods()).containsExactlyInAnyOrder(HttpMethod.GET, HttpMethod.POST);
    assertThat(trigger.authLevel()).isEqualTo(AuthorizationLevel.ANONYMOUS);
  }

  private static final class Context implements ExecutionContext {
    @Override
    public Logger getLogger() {
      return Logger.getAnonymousLogger();
    }

    @Override
    public String getInvocationId() {
      return "1";
    }

    @Override
    public String getFunctionName() {
      return "mnist_classify";
    }
  }
}
