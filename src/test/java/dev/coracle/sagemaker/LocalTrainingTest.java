// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.CoracleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Programs are shell scripts here: what a container is started with and leaves behind. */
class LocalTrainingTest {

  @TempDir private Path folder;

  private final List<String> log = Collections.synchronizedList(new ArrayList<>());

  private Path run(int hosts, String script) throws Exception {
    Path file = Files.writeString(folder.resolve("program.sh"), "set -e\n" + script);
    Path data = Files.createDirectories(folder.resolve("data"));
    Files.writeString(data.resolve("a.txt"), "content");
    return new LocalTraining(
            List.of("sh", file.toString()),
            Map.of("OWN", "own value"),
            Map.of("epochs", "3"),
            Map.of("training", data),
            hosts,
            log::add)
        .run("job-1", folder.resolve("root"), folder.resolve("artifacts"));
  }

  private Path unpacked(String archive) throws IOException {
    Path target = Files.createTempDirectory(folder, "unpacked");
    ModelArchive.unpack(folder.resolve("artifacts").resolve(archive), target);
    return target;
  }

  @Test
  void run_program_findsWhatSageMakerGives() throws Exception {
    run(
        1,
        """
        test "$1" = train
        cd "$SAGEMAKER_BASE_DIR"
        cat input/config/hyperparameters.json input/config/inputdataconfig.json
        echo
        cat input/config/resourceconfig.json
        echo
        cat input/data/training/a.txt
        echo
        env | cut -d= -f1 | sort | tr '\\n' ' '
        echo
        echo "$TRAINING_JOB_NAME $AWS_REGION $OWN"
        test -d model -a -d output/data -a -d checkpoints
        """);
    assertThat(log.subList(0, 3))
        .containsExactly(
            "{\"epochs\":\"3\"}{\"training\":{\"TrainingInputMode\":\"File\"}}",
            "{\"current_host\":\"algo-1\",\"current_instance_type\":\"local\",\"hosts\":[\"algo-1\"],"
                + "\"network_interface_name\":\"eth0\"}",
            "content");
    assertThat(log.get(3).split(" "))
        .as("nothing of this process but what programs need to start")
        .isSubsetOf(
            "AWS_REGION",
            "HOME",
            "JAVA_HOME",
            "LANG",
            "LC_ALL",
            "OWN",
            "PATH",
            "PWD",
            "OLDPWD",
            "SAGEMAKER_BASE_DIR",
            "SHLVL",
            "TMPDIR",
            "TRAINING_JOB_NAME",
            "XDG_CACHE_HOME",
            "_");
    assertThat(log.get(4)).isEqualTo("job-1 us-east-1 own value");
  }

  @Test
  void run_archives_haveTheFoldersContentAtTheirRoots() throws Exception {
    Path archive =
        run(
            1,
            """
            cd "$SAGEMAKER_BASE_DIR"
            echo model >model/mnist.onnx; mkdir model/code; echo x >model/code/x
            echo metrics >output/data/metrics.jsonl
            """);
    assertThat(archive).isEqualTo(folder.resolve("artifacts/model.tar.gz"));
    assertThat(unpacked("model.tar.gz").resolve("code/x")).hasContent("x");
    assertThat(unpacked("output.tar.gz").resolve("data/metrics.jsonl")).hasContent("metrics");
  }

  @Test
  void run_failure_tellsTheReasonAndKeepsTheOutput() {
    assertThatThrownBy(
            () ->
                run(
                    1,
                    """
                    printf 'ClientError: no data\\nmore' >"$SAGEMAKER_BASE_DIR/output/failure"
                    exit 3
                    """))
        .isInstanceOf(CoracleException.class)
        .hasMessage("the training job failed on algo-1 with exit status 3: ClientError: no data");
    assertThat(folder.resolve("artifacts/model.tar.gz")).doesNotExist();
    assertThat(folder.resolve("artifacts/output.tar.gz")).exists();
  }

  @Test
  void run_failureAndOutputThatCannotBePacked_tellsTheFailure() {
    assertThatThrownBy(
            () ->
                run(
                    1,
                    """
                    printf 'no data' >"$SAGEMAKER_BASE_DIR/output/failure"
                    mkfifo "$SAGEMAKER_BASE_DIR/output/data/pipe"
                    exit 1
                    """))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("no data")
        .satisfies(failure -> assertThat(failure.getSuppressed()).hasSize(1));
  }

  @Test
  void run_status130_isNoFailure() throws Exception {
    assertThat(run(1, "exit 130")).exists();
  }

  @Test
  void run_twoHosts_haveTreesOfTheirOwnAndOneModel() throws Exception {
    run(
        2,
        """
        cd "$SAGEMAKER_BASE_DIR"
        host=$(basename "$PWD")
        echo "$host" >model/$host.txt
        echo "$host" >output/data/same-name
        echo "$host" >output/data/$host.txt
        echo hello
        """);
    assertThat(log).containsExactlyInAnyOrder("algo-1 | hello", "algo-2 | hello");
    Path model = unpacked("model.tar.gz");
    assertThat(model.resolve("algo-1.txt")).hasContent("algo-1");
    assertThat(model.resolve("algo-2.txt")).hasContent("algo-2");
    Path output = unpacked("output.tar.gz");
    assertThat(output.resolve("data/algo-1.txt")).hasContent("algo-1");
    assertThat(output.resolve("data/same-name")).hasContent("algo-2");
  }

  @Test
  void run_twoHostsThatWriteTheSameFile_areRefused() {
    assertThatThrownBy(() -> run(2, "echo x >\"$SAGEMAKER_BASE_DIR/model/mnist.onnx\""))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("two hosts wrote model/mnist.onnx");
  }

  @Test
  @Timeout(60)
  void run_hostThatFails_endsTheOthersThatWaitForIt() {
    assertThatThrownBy(
            () ->
                run(
                    2,
                    """
                    case "$SAGEMAKER_BASE_DIR" in
                      *algo-1) exec sleep 300;;
                      *) echo "no data" >"$SAGEMAKER_BASE_DIR/output/failure"; exit 3;;
                    esac
                    """))
        .isInstanceOf(CoracleException.class)
        .hasMessage("the training job failed on algo-2 with exit status 3: no data");
  }

  @Test
  void run_relativePaths_areThoseOfThisProcess() throws Exception {
    Path here = Path.of("").toAbsolutePath();
    Path script = Files.writeString(folder.resolve("own.sh"), "#!/bin/sh\necho $1 >model/said\n");
    assertThat(script.toFile().setExecutable(true)).isTrue();
    new LocalTraining(
            List.of(here.relativize(script).toString()), Map.of(), Map.of(), Map.of(), 1, log::add)
        .run("job", here.relativize(folder.resolve("root")), folder.resolve("artifacts"));
    assertThat(log).isEmpty();
    assertThat(unpacked("model.tar.gz").resolve("said")).hasContent("train");
  }

  @Test
  void run_relativeRoot_isGivenAsAnAbsoluteOne() throws Exception {
    Path root = Path.of("").toAbsolutePath().relativize(folder.resolve("root"));
    Path script = Files.writeString(folder.resolve("own.sh"), "ls \"$SAGEMAKER_BASE_DIR\"");
    new LocalTraining(List.of("sh", script.toString()), Map.of(), Map.of(), Map.of(), 1, log::add)
        .run("job", root, folder.resolve("artifacts"));
    assertThat(log).containsExactly("checkpoints", "input", "model", "output");
  }

  @Test
  void run_programThatIsNotThere_saysSo() {
    LocalTraining training =
        new LocalTraining(
            List.of(folder.resolve("none").toString()), Map.of(), Map.of(), Map.of(), 1, log::add);
    assertThatThrownBy(
            () -> training.run("job", folder.resolve("root"), folder.resolve("artifacts")))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("none");
  }
}
