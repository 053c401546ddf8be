// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.coracle.azure.FunctionArchive;
import dev.coracle.azure.FunctionHost;
import dev.coracle.azure.Zip;
import dev.coracle.function.Vector;
import dev.coracle.inference.TestModel;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The archive of the distribution beside what azure-functions-maven-plugin has staged, and both
 * served.
 */
@DisabledOnOs(OS.WINDOWS) // the programs are for sh
@Timeout(300)
class AzureIT {

  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static final ObjectMapper JSON = new ObjectMapper();

  /** With the model that pom.xml names. */
  private static final Path STAGED = Path.of("target/azure-functions/coracle-mnist");

  private static final Path STAGED_MODEL = Path.of("src/it/inference-only/shade.onnx");

  private final Distribution dist = Distribution.named("dist");
  private final Path folder;

  AzureIT(@TempDir Path folder) {
    this.folder = folder;
  }

  private Path archive(Path model) throws IOException, InterruptedException {
    Path archive = folder.resolve("app.zip");
    Cli cli = dist.run("coracle", "azure", "package", "--model", model, "--output", archive);
    assertThat(cli.err()).isEmpty();
    assertThat(cli.status()).isZero();
    return archive;
  }

  private static Map<String, byte[]> staged() throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(STAGED)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        files.put(STAGED.relativize(file).toString(), Files.readAllBytes(file));
      }
    }
    return files;
  }

  @Test
  void archive_isWhatAzuresPluginStages() throws Exception {
    Map<String, byte[]> ours = Zip.read(archive(STAGED_MODEL));
    Map<String, byte[]> theirs = staged();
    assertThat(ours.keySet()).isEqualTo(theirs.keySet());
    for (String name : ours.keySet()) {
      if (name.endsWith(".json")) {
        JsonNode wanted = JSON.readTree(theirs.get(name));
        assertThat(JSON.readTree(ours.get(name))).as(name).isEqualTo(wanted);
      } else if (name.contains("onnxruntime")) {
        Path one = Files.write(folder.resolve("one.jar"), ours.get(name));
        Path other = Files.write(folder.resolve("other.jar"), theirs.get(name));
        assertSameContent(Zip.read(one), Zip.read(other));
      } else {
        assertThat(ours.get(name)).as(name).isEqualTo(theirs.get(name));
      }
    }
  }

  /** Ant writes folders too, and a manifest of its own. */
  private static void assertSameContent(Map<String, byte[]> ours, Map<String, byte[]> theirs) {
    theirs.keySet().removeIf(name -> name.endsWith("/"));
    ours.remove(JarFile.MANIFEST_NAME);
    theirs.remove(JarFile.MANIFEST_NAME);
    assertThat(ours.keySet()).isEqualTo(theirs.keySet());
    ours.forEach((name, content) -> assertThat(content).as(name).isEqualTo(theirs.get(name)));
  }

  /** The class path of this test is Maven's: the jar with all platforms' libraries. */
  @Test
  void archive_ofADistribution_hasTheBytesOfOneFromMavensJars() throws Exception {
    Path model = TestModel.mnist().write(folder.resolve("m.onnx"));
    Path other = folder.resolve("other.zip");
    FunctionArchive.write(model, other);
    assertThat(Files.mismatch(archive(model), other)).isEqualTo(-1);
  }

  @Test
  void package_distributionOfAnotherPlatform_saysSo() throws Exception {
    Path other = folder.resolve("other");
    Files.createDirectories(other.resolve("bin"));
    Files.copy(dist.folder().resolve("bin/coracle"), other.resolve("bin/coracle"));
    Files.createSymbolicLink(other.resolve("lib"), dist.folder().resolve("lib"));
    Files.createDirectory(other.resolve("native"));
    Cli cli =
        new Distribution(other)
            .run(
                Map.of("JAVA_OPTS", "-Donnxruntime.native.path=" + dist.folder().resolve("native")),
                "coracle",
                "azure",
                "package",
                "--model",
                STAGED_MODEL.toAbsolutePath(),
                "--output",
                folder.resolve("app.zip"));
    assertThat(cli.err()).contains("linux-x64", "other/native").hasLineCount(1);
    assertThat(cli.status()).isEqualTo(1);
    assertThat(folder.resolve("app.zip")).doesNotExist();
  }

  /** Azure's worker forces its own Gson; and an engine for training would be of no use there. */
  @Test
  void archive_needsNoGson_andHasNothingForTraining() throws Exception {
    int jars = 0;
    for (Map.Entry<String, byte[]> entry : Zip.read(archive(STAGED_MODEL)).entrySet()) {
      if (entry.getKey().endsWith(".jar")) {
        jars++;
        assertNeedsNoGson(Files.write(folder.resolve("a.jar"), entry.getValue()));
      }
    }
    assertThat(jars).isEqualTo(4);
  }

  /** A class that uses another has its name in plain text. */
  private static void assertNeedsNoGson(Path jar) {
    for (Map.Entry<String, byte[]> entry : Zip.read(jar).entrySet()) {
      String content = new String(entry.getValue(), StandardCharsets.ISO_8859_1);
      assertThat(entry.getKey()).doesNotStartWith("ai/djl/");
      assertThat(entry.getKey().endsWith(".class") && content.contains("com/google/gson"))
          .as(entry.getKey())
          .isFalse();
    }
  }

  @Test
  void staged_answersEachVector() throws Exception {
    Path app = folder.resolve("staged");
    for (Map.Entry<String, byte[]> file : staged().entrySet()) {
      Path copy = app.resolve(file.getKey());
      Files.createDirectories(copy.getParent());
      Files.write(copy, file.getValue());
    }
    TestModel.mnist().write(app.resolve("model.onnx"));
    try (FunctionHost host = FunctionHost.start(app, "127.0.0.1", 0)) {
      assertAnswersEachVector(host.uri().resolve("/api/classify"));
    }
  }

  @Test
  void archive_inAProcessOfItsOwn_answersEachVector_andEndsInOrder() throws Exception {
    Path archive = archive(TestModel.mnist().write(folder.resolve("m.onnx")));
    Path log = folder.resolve("log");
    Path temporary = Files.createDirectory(folder.resolve("tmp"));
    Process process =
        dist.start(
            Map.of("JAVA_OPTS", "-Djava.io.tmpdir=" + temporary),
            log,
            "coracle",
            "azure",
            "run",
            archive,
            "--port",
            0);
    try {
      while (!Files.readString(log).contains("Ctrl-C")) {
        assertThat(process.isAlive()).as(Files.readString(log)).isTrue();
        Thread.sleep(50);
      }
      String address = Files.readString(log).lines().findFirst().get().replaceAll(".* ", "");
      assertAnswersEachVector(URI.create(address));

      process.destroy();

      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(Files.readString(log)).isZero();
      assertThat(temporary).isEmptyDirectory();
    } finally {
      process.destroyForcibly();
    }
  }

  /** Those with a body of text: Azure's worker hands on no other as text. */
  private static void assertAnswersEachVector(URI address) throws Exception {
    for (Vector vector : Vector.all().stream().filter(Vector::isText).toList()) {
      String query =
          vector.probabilities() == null ? "" : "?probabilities=" + vector.probabilities();
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create(address + query))
              .method(vector.method(), BodyPublishers.ofByteArray(vector.body()));
      vector.headers().forEach(request::header);
      HttpResponse<byte[]> response = CLIENT.send(request.build(), BodyHandlers.ofByteArray());
      vector.check(
          response.statusCode(),
          response.headers().firstValue("Content-Type").orElse(null),
          response.body());
    }
  }
}
