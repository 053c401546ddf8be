// SPDX-License-Identifier: Apache-2.0
package dev.coracle.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.coracle.function.FunctionFolder;
import dev.coracle.function.Vector;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the function by Lambda's own runtime interface client, which Lambda's image of Java has,
 * from the files that docs/clouds.md puts into the zip, where Lambda would have unpacked them.
 */
@EnabledOnOs(OS.LINUX) // for which the client is
@Timeout(120)
class LambdaRuntimeIT {

  private static final ObjectMapper JSON = new ObjectMapper();

  private static final Path RUNTIME = Path.of("target", "lambda-runtime").toAbsolutePath();
  private static final String LIBRARY =
      "com.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient.JNI";

  @TempDir private Path folder;

  /** Unpacks the client's native library, which it would otherwise do in a place that all share. */
  private Path unpack() throws IOException {
    String platform = System.getProperty("os.arch").equals("aarch64") ? "aarch_64" : "x86_64";
    String name = "libaws-lambda-jni.linux-" + platform + ".so";
    Path jar = RUNTIME.resolve("aws-lambda-java-runtime-interface-client-2.9.0.jar");
    try (ZipFile zip = new ZipFile(jar.toFile());
        InputStream library = zip.getInputStream(zip.getEntry("jni/" + name))) {
      Path file = folder.resolve(name);
      Files.copy(library, file);
      return file;
    }
  }

  private Process start(FakeRuntimeApi api, Path task, Path log) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-D" + LIBRARY + "=" + unpack(),
                "-cp",
                RUNTIME + "/*",
                "com.amazonaws.services.lambda.runtime.api.client.AWSLambda",
                MnistFunction.class.getName())
            .directory(task.toFile()) // where the client looks for classes, and for jars in lib
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("AWS_"));
    builder
        .environment()
        .putAll(
            Map.of(
                "AWS_LAMBDA_RUNTIME_API",
                api.address(),
                "LAMBDA_TASK_ROOT",
                task.toString(),
                "JAVA_TOOL_OPTIONS",
                "-Donnxruntime.native.path=" + task.resolve("native"),
                "XDG_CACHE_HOME",
                "/proc/none")); // Lambda has no place for a cache
    return builder.start();
  }

  @Test
  void function_underLambdasRuntime_answersEachVector() throws Exception {
    Path log = folder.resolve("log");
    Path task = folder.resolve("task");
    FunctionFolder.write(task, "coracle", "aws-lambda-java-core");
    try (FakeRuntimeApi api = new FakeRuntimeApi()) {
      Process process = start(api, task, log);
      try {
        for (Vector vector : Vector.all()) {
          byte[] event =
              JSON.writeValueAsBytes(MnistFunctionTest.functionUrlEvent(vector, !vector.isText()));
          byte[] response = api.invoke(event);
          assertThat(api.errors()).as(Files.readString(log)).isEmpty();
          JsonNode answer = JSON.readTree(response);
          MnistFunctionTest.checkResponse(vector, answer);
        }
      } finally {
        process.destroy();
        process.waitFor(10, TimeUnit.SECONDS);
      }
    } catch (AssertionError | IllegalStateException e) {
      throw new AssertionError(Files.readString(log), e);
    }
  }
}
