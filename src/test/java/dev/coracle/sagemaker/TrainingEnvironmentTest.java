// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.CoracleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingEnvironmentTest {

  @TempDir private Path base;

  private void config(String file, String content) throws IOException {
    Path folder = Files.createDirectories(base.resolve("input/config"));
    Files.writeString(folder.resolve(file), content);
  }

  private TrainingEnvironment read(String... variables) {
    Map<String, String> environment = new HashMap<>();
    environment.put("SAGEMAKER_BASE_DIR", base.toString());
    for (int i = 0; i < variables.length; i += 2) {
      environment.put(variables[i], variables[i + 1]);
    }
    return TrainingEnvironment.read(environment);
  }

  private static TrainingEnvironment.Channel channel(TrainingEnvironment environment, String name) {
    return Objects.requireNonNull(environment.channels().get(name));
  }

  @Test
  void folders_withoutVariable_areBelowOptMl() {
    assertThat(ContainerFolders.of(Map.of()).model()).isEqualTo(Path.of("/opt/ml/model"));
    assertThat(ContainerFolders.of(Map.of("SAGEMAKER_BASE_DIR", "")).failure())
        .isEqualTo(Path.of("/opt/ml/output/failure"));
  }

  @Test
  void read_noFiles_isOneHostWithDefaults() {
    TrainingEnvironment environment = read();
    assertThat(environment.hosts()).containsExactly("algo-1");
    assertThat(environment.rank()).isZero();
    assertThat(environment.hyperparameters()).isEmpty();
    assertThat(environment.channels()).isEmpty();
    assertThat(environment.jobName()).isNull();
    assertThat(environment.variables())
        .containsEntry("SM_NETWORK_INTERFACE_NAME", "eth0")
        .containsEntry("SM_HOSTS", "[\"algo-1\"]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " \n", "{}"})
  void read_emptyFiles_areTolerated(String content) throws IOException {
    for (String file :
        List.of("hyperparameters.json", "inputdataconfig.json", "resourceconfig.json")) {
      config(file, content);
    }
    config("checkpointconfig.json", "not JSON: unknown files are not looked at");
    assertThat(read().hosts()).containsExactly("algo-1");
  }

  @Test
  void read_filesOfARealJob_areUnderstood() throws IOException {
    config("hyperparameters.json", "{\"epochs\": \"3\", \"sagemaker_job_name\": \"x\"}");
    config(
        "resourceconfig.json",
        """
        {"current_host": "algo-2", "hosts": ["algo-1", "algo-2", "algo-10"],
         "network_interface_name": "eth1", "current_instance_type": "ml.m5.large",
         "current_group_name": "homogeneousCluster",
         "instance_groups": [{"instance_group_name": "homogeneousCluster",
           "instance_type": "ml.m5.large", "hosts": ["algo-1", "algo-2", "algo-10"]}],
         "topology": {"unknown": []}}
        """);
    config(
        "inputdataconfig.json",
        """
        {"training": {"ContentType": "application/x-idx", "TrainingInputMode": "FastFile",
           "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"},
         "testing": {"TrainingInputMode": "Pipe"}, "code": {"TrainingInputMode": "File"}}
        """);
    TrainingEnvironment environment = read("TRAINING_JOB_NAME", "job", "AWS_SECRET", "secret");

    assertThat(environment.hyperparameters()).containsExactly(Map.entry("epochs", "3"));
    assertThat(environment.hosts()).containsExactly("algo-1", "algo-10", "algo-2");
    assertThat(environment.rank()).isEqualTo(2);
    assertThat(environment.jobName()).isEqualTo("job");
    assertThat(environment.channels()).containsOnlyKeys("training", "testing");
    assertThat(channel(environment, "training"))
        .isEqualTo(
            new TrainingEnvironment.Channel(
                "training", base.resolve("input/data/training"), false));
    assertThat(channel(environment, "testing").isPipe()).isTrue();
    assertThat(environment.variables())
        .containsEntry("SM_CHANNELS", "[\"testing\",\"training\"]")
        .containsEntry("SM_CHANNEL_TRAINING", base.resolve("input/data/training").toString())
        .containsEntry("SM_CURRENT_HOST", "algo-2")
        .containsEntry("SM_CURRENT_HOST_RANK", "2")
        .containsEntry("SM_HOST_COUNT", "3")
        .containsEntry("SM_MASTER_ADDR", "algo-1")
        .containsEntry("SM_MASTER_PORT", "7777")
        .containsEntry("SM_NETWORK_INTERFACE_NAME", "eth1")
        .containsEntry("SM_CURRENT_INSTANCE_TYPE", "ml.m5.large")
        .containsEntry("SM_HPS", "{\"epochs\":\"3\"}")
        .containsEntry("SM_HP_EPOCHS", "3")
        .containsEntry("SM_MODEL_DIR", base.resolve("model").toString())
        .containsEntry("SM_OUTPUT_DATA_DIR", base.resolve("output/data").toString());
    assertThat(environment.toString()).as("goes to logs").doesNotContain("secret");
  }

  @Test
  void read_noInputDataConfig_takesTheFoldersThatAreThere() throws IOException {
    Files.createDirectories(base.resolve("input/data/training"));
    Files.createDirectories(base.resolve("input/data/sm_drivers"));
    assertThat(read().channels()).containsOnlyKeys("training");
  }

  @Test
  void read_variablesOfAToolkit_goBeforeFiles() throws IOException {
    config("resourceconfig.json", "{\"current_host\": \"a\", \"hosts\": [\"a\"]}");
    TrainingEnvironment environment =
        read(
            "SM_HOSTS",
            "[\"x\", \"y\"]",
            "SM_CURRENT_HOST",
            "y",
            "SM_CHANNEL_TRAINING",
            "/data",
            "SM_MODEL_DIR",
            "/elsewhere");
    assertThat(environment.rank()).isEqualTo(1);
    assertThat(channel(environment, "training").path()).isEqualTo(Path.of("/data"));
    assertThat(environment.variables()).containsEntry("SM_MODEL_DIR", "/elsewhere");
  }

  @Test
  void read_variablesOfChannels_meanThoseOfTheFile() throws IOException {
    config(
        "inputdataconfig.json",
        """
        {"My-Data": {"TrainingInputMode": "Pipe"}, "code": {"TrainingInputMode": "File"}}
        """);
    TrainingEnvironment environment =
        read("SM_CHANNEL_MY-DATA", "/data/My-Data", "SM_CHANNEL_CODE", "/data/code");
    assertThat(environment.channels())
        .containsExactly(
            Map.entry(
                "My-Data",
                new TrainingEnvironment.Channel("My-Data", Path.of("/data/My-Data"), true)));
  }

  @Test
  void loggedVariables_secrets_areHidden() throws IOException {
    config("hyperparameters.json", "{\"epochs\": \"3\", \"api_key\": \"abc\"}");
    TrainingEnvironment environment =
        read(
            "SM_USER_TOKEN",
            "abc",
            "SM_TRAINING_ENV",
            "{\"hyperparameters\": {\"password\": \"abc\", \"lr\": 0.10}, \"x\": [1]}");
    assertThat(environment.loggedVariables())
        .containsEntry("SM_HP_API-KEY", "******")
        .containsEntry("SM_HPS", "{\"api-key\":\"******\",\"epochs\":\"3\"}")
        .containsEntry("SM_USER_TOKEN", "******")
        .containsEntry(
            "SM_TRAINING_ENV",
            "{\"hyperparameters\":{\"lr\":0.10,\"password\":\"******\"},\"x\":[1]}");
    assertThat(environment.variables()).containsEntry("SM_HP_API-KEY", "abc");
  }

  @Test
  void loggedVariables_secretsInListsAndTexts_areHidden() throws IOException {
    config(
        "hyperparameters.json",
        "{\"config\": \"{\\\"api_key\\\":\\\"abc\\\"}\", \"servers\": \"[{\\\"token\\\":\\\"abc\\\"}, 1]\"}");
    TrainingEnvironment environment =
        read(
            "SM_USER_ARGS",
                "[\"--api_key\",\"abc\",\"--password=abc\",\"--lr\",\"0.1\",\"-key\",\"-x\",\"y\"]",
            "SM_LIST", "[ 1, \"two\" ]");
    assertThat(environment.loggedVariables())
        .containsEntry("SM_HP_CONFIG", "{\"api_key\":\"******\"}")
        .containsEntry("SM_HP_SERVERS", "[{\"token\":\"******\"},1]")
        .containsEntry(
            "SM_USER_ARGS",
            "[\"--api_key\",\"******\",\"--password=******\",\"--lr\",\"0.1\",\"-key\",\"-x\",\"y\"]")
        .containsEntry("SM_LIST", "[ 1, \"two\" ]");
    assertThat(environment.loggedVariables().values()).noneMatch(value -> value.contains("abc"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{", "[]", "3", "{\"a\": 1} {", "{\"a\" 1}", "{\"a\": 1e99999999999}", "\u0000"})
  void read_fileThatIsNoJsonObject_saysWhichAndWhy(String content) throws IOException {
    config("hyperparameters.json", content);
    assertThatThrownBy(this::read)
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("hyperparameters.json")
        .hasMessageContaining("JSON");
  }

  @Test
  void read_hostThatIsNoneOfTheHosts_isRefused() throws IOException {
    config("resourceconfig.json", "{\"current_host\": \"b\", \"hosts\": [\"a\"]}");
    assertThatThrownBy(this::read)
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("current_host is b");
  }
}
