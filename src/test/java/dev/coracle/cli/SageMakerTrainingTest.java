// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.dataset.ImageSet;
import dev.coracle.dataset.Mnist;
import dev.coracle.inference.Classifier;
import dev.coracle.inference.Prediction;
import dev.coracle.sagemaker.TrainingMetrics;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs training jobs in a folder like /opt/ml. */
class SageMakerTrainingTest {

  private static final ImageSet TRAIN = SmallMnist.bars(400, 1);
  private static final ImageSet TEST = SmallMnist.bars(50, 2);

  @TempDir private Path folder;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final Map<String, String> variables = new TreeMap<>();

  @BeforeEach
  void job() throws IOException {
    variables.put("SAGEMAKER_BASE_DIR", folder.toString());
    SmallMnist.write(path("input/data/training"), TRAIN, TEST);
    SmallMnist.write(path("input/data/testing"), TRAIN, TEST);
    for (String file : List.of("train-images-idx3-ubyte", "train-labels-idx1-ubyte")) {
      Files.delete(path("input/data/testing/" + file));
    }
    for (String file : List.of("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")) {
      Files.delete(path("input/data/training/" + file));
    }
    config("inputdataconfig.json", "{\"training\": {}, \"testing\": {}}");
    config("hyperparameters.json", "{\"epochs\": \"2\", \"threads\": \"1\"}");
  }

  private Path path(String name) {
    return folder.resolve(name);
  }

  private void config(String file, String content) throws IOException {
    Files.createDirectories(path("input/config"));
    Files.writeString(path("input/config/" + file), content);
  }

  private int run() {
    return training().run();
  }

  private SageMakerTraining training() {
    PrintStream stdout = new PrintStream(out, true, StandardCharsets.UTF_8);
    PrintStream stderr = new PrintStream(err, true, StandardCharsets.UTF_8);
    return new SageMakerTraining(Terminal.of(stdout, stderr), variables);
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private void assertNoModel() {
    assertThat(path("model/mnist.onnx")).doesNotExist();
  }

  private List<String> metrics(String name) {
    return Pattern.compile(String.valueOf(TrainingMetrics.DEFINITIONS.get(name)))
        .matcher(out())
        .results()
        .map(match -> match.group(1))
        .toList();
  }

  @Test
  void run_wholeJob_writesModelMetricsAndCheckpointWhereSageMakerLooks() throws IOException {
    assertThat(run()).as(err()).isZero();

    assertThat(path("model")).isDirectoryContaining("glob:**/mnist.onnx");
    assertThat(path("model")).isDirectoryContaining("glob:**/report.html");
    try (var files = Files.list(path("model"))) {
      assertThat(files).as("all of it goes to S3").hasSize(2);
    }
    assertThat(path("output/data/metrics.jsonl")).content().contains("\"event\":\"epoch\"");
    assertThat(path("checkpoints/checkpoint.zip")).exists();
    assertThat(path("output/failure")).doesNotExist();
    assertThat(err()).isEmpty();
    assertThat(out()).doesNotContain("\u001b").doesNotContain("\r").contains("SM_CHANNELS=");
    try (Classifier classifier = Classifier.open(path("model/mnist.onnx"))) {
      Prediction prediction = classifier.classify(TEST.image(0));
      assertThat(prediction.index()).isEqualTo(TEST.label(0));
    }
  }

  @Test
  void run_metrics_areFoundByTheRegularExpressions() throws IOException {
    assertThat(run()).isZero();
    assertThat(metrics("train:loss")).hasSize(2);
    assertThat(metrics("test:accuracy")).hasSize(2);
    List<String> inFile =
        Pattern.compile("\"test_accuracy\":([0-9.]+)")
            .matcher(Files.readString(path("output/data/metrics.jsonl")))
            .results()
            .map(match -> match.group(1))
            .toList();
    assertThat(metrics("test:accuracy").stream().map(Double::valueOf))
        .isEqualTo(inFile.stream().map(Double::valueOf).toList());
  }

  @Test
  void run_oneChannelWithAllFiles_trainsToo() throws IOException {
    SmallMnist.write(path("input/data/mnist"), TRAIN, TEST);
    config("inputdataconfig.json", "{\"mnist\": {\"TrainingInputMode\": \"FastFile\"}}");
    config("hyperparameters.json", "{\"epochs\": \"1\"}");
    assertThat(run()).as(err()).isZero();
    assertThat(path("model/mnist.onnx")).exists();
  }

  @Test
  void run_readOnlyChannel_trainsToo() throws IOException {
    for (Path file : List.of(path("input/data/training"), path("input/data/testing"))) {
      assertThat(file.toFile().setWritable(false)).isTrue();
    }
    config("hyperparameters.json", "{}");
    try {
      assertThat(run()).as(err()).isZero();
    } finally {
      assertThat(path("input/data/training").toFile().setWritable(true)).isTrue();
      assertThat(path("input/data/testing").toFile().setWritable(true)).isTrue();
    }
  }

  @Test
  @Timeout(120)
  void run_pipes_givesTheSameModelAsFiles() throws Exception {
    assertThat(run()).isZero();
    byte[] fromFiles = Files.readAllBytes(path("checkpoints/checkpoint.zip"));
    Files.delete(path("checkpoints/checkpoint.zip"));
    config(
        "inputdataconfig.json",
        """
        {"training": {"TrainingInputMode": "Pipe"}, "testing": {"TrainingInputMode": "Pipe"}}
        """);
    byte[][] training = {SmallMnist.images(TRAIN), SmallMnist.labels(TRAIN)};
    byte[][] testing = {SmallMnist.images(TEST), SmallMnist.labels(TEST)};
    CompletableFuture<Void> first = pipe("training_0", training);
    CompletableFuture<Void> second = pipe("testing_0", testing);
    assertThat(run()).as(err()).isZero();
    first.join();
    second.join();
    assertThat(path("checkpoints/checkpoint.zip")).hasBinaryContent(fromFiles);
  }

  /** Makes a pipe late and writes to it, as SageMaker does. */
  private CompletableFuture<Void> pipe(String name, byte[][] parts) {
    return CompletableFuture.runAsync(
        () -> {
          try {
            Thread.sleep(300);
            Path pipe = path("input/data/" + name);
            assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
            try (OutputStream out = Files.newOutputStream(pipe)) {
              for (byte[] part : parts) {
                out.write(part);
              }
            }
          } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  @Test
  void run_afterAnInterruption_continuesFromTheCheckpoint() throws IOException {
    config("hyperparameters.json", "{\"epochs\": \"1\", \"threads\": \"1\"}");
    assertThat(run()).isZero();
    config("hyperparameters.json", "{\"epochs\": \"2\", \"threads\": \"1\"}");
    assertThat(run()).isZero();
    assertThat(out()).contains("Resumed after epoch 1");
    assertThat(metrics("test:loss")).hasSize(2);
  }

  @Test
  void stop_beforeTheTraining_endsAfterOneStepWithAModel() throws IOException {
    SageMakerTraining training = training();
    training.stop();
    assertThat(training.run()).as(err()).isZero();
    assertThat(out()).contains("Stopped as asked to, after 0 whole epochs of 2");
    assertThat(path("model/mnist.onnx")).exists();
    assertThat(path("checkpoints/checkpoint.zip")).doesNotExist();
    assertThat(path("model/report.html")).content().contains("Net on data");
  }

  @Test
  void run_otherHostThanTheFirst_writesNothingAndSucceeds() throws IOException {
    config(
        "resourceconfig.json",
        "{\"current_host\": \"algo-2\", \"hosts\": [\"algo-1\", \"algo-2\"]}");
    assertThat(run()).isZero();
    assertThat(out()).contains("host algo-2, rank 1 of 2").contains("algo-1 trains alone");
    assertNoModel();
    assertThat(path("output")).doesNotExist();
  }

  @Test
  void run_unknownHyperparameter_warnsWithTheNearestName() throws IOException {
    config("hyperparameters.json", "{\"epoch\": \"7\", \"dry-run\": \"True\"}");
    assertThat(run()).isZero();
    assertThat(err())
        .isEqualToNormalizingNewlines(
            "coracle: unknown hyperparameter epoch is ignored; did you mean epochs?\n");
    assertThat(out()).contains("Dry run");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"epochs\": \"ten\"} | hyperparameter epochs: expected a whole number from 1",
        "{\"epochs\": \"0\"} | hyperparameter epochs: expected a whole number from 1",
        "{\"epochs\": \"\"} | hyperparameter epochs",
        "{\"lr\": \"None of these\"} | hyperparameter lr",
        "{\"lr\": \"-1\"} | hyperparameter lr: expected a number above 0",
        "{\"optimizer\": \"\\\"lion\\\"\"} | hyperparameter optimizer: expected adadelta",
        "{\"epochs\": | hyperparameters.json",
      })
  void run_hyperparameterWithoutValidValue_isAClientErrorWithStatus2(String json, String message)
      throws IOException {
    config("hyperparameters.json", json);
    assertThat(run()).isEqualTo(2);
    assertThat(err()).startsWith("coracle: ").contains(message).doesNotContain("\tat ");
    assertThat(err().lines()).hasSize(1);
    assertThat(path("output/failure"))
        .content()
        .startsWith("ClientError: ")
        .satisfies(text -> assertThat(text.lines().findFirst().orElse("")).contains(message));
    assertNoModel();
  }

  @Test
  void run_hyperparameterWithLineBreaks_givesOneLineOfError() throws IOException {
    config("hyperparameters.json", "{\"epochs\": \"1\\n2\"}");
    assertThat(run()).isEqualTo(2);
    assertThat(err().lines()).hasSize(1);
    assertThat(err()).contains("got '1 2'");
  }

  @ParameterizedTest
  @CsvSource({"1,true", "True,true", "0,false", "False,false"})
  void run_flagInAnyForm_isUnderstood(String value, boolean isDry) throws IOException {
    config("hyperparameters.json", "{\"epochs\": \"1\", \"dry_run\": \"%s\"}".formatted(value));
    assertThat(run()).as(err()).isZero();
    assertThat(out().contains("Dry run")).isEqualTo(isDry);
  }

  @Test
  void run_flagThatIsNeither_isRefusedWithWhatIsExpected() throws IOException {
    config("hyperparameters.json", "{\"dry_run\": \"maybe\"}");
    assertThat(run()).isEqualTo(2);
    assertThat(err()).contains("hyperparameter dry-run: expected true or false, got 'maybe'");
  }

  @Test
  void run_channelWithoutTheFiles_isAClientErrorThatNamesThem() throws IOException {
    Files.delete(path("input/data/training/train-labels-idx1-ubyte"));
    assertThat(run()).isEqualTo(2);
    assertThat(path("output/failure"))
        .content()
        .startsWith("ClientError: ")
        .contains("lacks train-labels-idx1-ubyte");
    assertNoModel();
  }

  @Test
  void run_channelsOfOtherNames_areNamed() throws IOException {
    config("inputdataconfig.json", "{\"a\": {}, \"b\": {}}");
    assertThat(run()).isEqualTo(2);
    assertThat(err()).contains("[a, b]").contains("training and testing");
  }

  @Test
  void run_noChannels_isRefused() throws IOException {
    config("inputdataconfig.json", "{}");
    Mnist unused = Mnist.read(path("input/data/training"), path("input/data/testing"));
    assertThat(unused.train().size()).isEqualTo(400);
    variables.put("SAGEMAKER_BASE_DIR", path("empty").toString());
    assertThat(run()).isEqualTo(2);
    assertThat(path("empty/output/failure")).content().contains("ClientError");
  }

  @Test
  void run_modelFolderThatIsNotWritable_isAClientError() throws IOException {
    Files.writeString(path("model"), "a file where the folder should be");
    assertThat(run()).isEqualTo(2);
    assertThat(err()).contains("cannot write to").contains("model");
    assertThat(path("output/failure")).content().startsWith("ClientError: cannot write to");
  }

  @Test
  void run_failureThatCannotBeWritten_saysSoToo() throws IOException {
    config("hyperparameters.json", "{\"epochs\": \"ten\"}");
    Files.writeString(path("output"), "a file where the folder should be");
    assertThat(run()).isEqualTo(2);
    assertThat(err())
        .contains("cannot write")
        .contains("failure")
        .contains("hyperparameter epochs");
  }

  @Test
  void run_trainingThatFails_isAnAlgorithmError() throws IOException {
    config("hyperparameters.json", "{\"lr\": \"100000\", \"optimizer\": \"sgd\"}");
    org.assertj.core.api.Assertions.assertThatThrownBy(this::run)
        .hasMessageContaining("the loss became");
    assertThat(path("output/failure")).content().startsWith("AlgorithmError: the loss became");
    assertNoModel();
  }
}
