// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.CoracleException;
import dev.coracle.azure.DeploymentOptions.Plan;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisabledOnOs(OS.WINDOWS) // the stand-in for az is for sh
class DeploymentTest {

  private static final String STORAGE =
      "mydigits32bf5bab"; // and the CRC-32 of my-digits, as gzip says

  private final List<String> log = new ArrayList<>();

  @TempDir private Path folder;
  private StubAz az;
  private Path archive;

  @BeforeEach
  void prepare() throws IOException {
    az = StubAz.in(Files.createDirectory(folder.resolve("bin")));
    archive = StubAz.app(folder.resolve("the app.zip"));
  }

  private Deployment app(Plan plan) {
    return new Deployment(
        DeploymentOptions.builder().name("my-digits").plan(plan).build(),
        () -> Az.find(folder.resolve("none") + ":" + az.folder()),
        new FirstCall(Duration.ZERO, Duration.ZERO));
  }

  private Deployment app() {
    return app(Plan.CONSUMPTION);
  }

  private URI deploy(Deployment app) throws InterruptedException {
    return app.deploy(archive, false, log::add);
  }

  @Test
  void deploy_nothingThere_createsAllThenDeploys() throws Exception {
    Deployment app = app(Plan.FLEX);
    assertThat(deploy(app))
        .hasToString("https://my-digits-x1.eastus-01.azurewebsites.net/api/classify");
    assertThat(az.calls().stream().map(call -> String.join(" ", call)))
        .containsExactly(
            "version --output json",
            "group exists --output json --name coracle-my-digits",
            "group create --name coracle-my-digits --location eastus --tags coracle=my-digits"
                + " --output none",
            "storage account create --sku Standard_LRS --allow-blob-public-access false"
                + " --min-tls-version TLS1_2 --name "
                + STORAGE
                + " --resource-group coracle-my-digits --location eastus --output none",
            "functionapp create --runtime java --https-only true --disable-app-insights true --name"
                + " my-digits --resource-group coracle-my-digits --storage-account "
                + STORAGE
                + " --runtime-version 17 --flexconsumption-location eastus --instance-memory 2048"
                + " --output none",
            "functionapp deployment source config-zip --name my-digits --resource-group"
                + " coracle-my-digits --src "
                + archive
                + " --output none",
            "resource show --query properties.defaultHostName --output tsv --resource-type"
                + " Microsoft.Web/sites --name my-digits --resource-group coracle-my-digits");
    assertThat(az.calls().get(5)).contains(archive.toString()); // one word, though it has a space
    assertThat(log)
        .containsExactly(
            "Creating resource group coracle-my-digits",
            "Creating storage account " + STORAGE,
            "Creating function app my-digits",
            "Deploying the app.zip");
    assertThat(app.created()).hasSize(3);
  }

  @Test
  void deploy_consumption_isOnLinuxWithItsFormOfTheVersion() throws Exception {
    deploy(app());
    assertThat(az.calls().get(3))
        .containsSubsequence("functionapp", "create")
        .containsSubsequence("--runtime-version", "17.0")
        .containsSubsequence("--consumption-plan-location", "eastus")
        .containsSubsequence("--os-type", "Linux", "--functions-version", "4")
        .doesNotContain("--flexconsumption-location", "--instance-memory");
  }

  @Test
  void deploy_allThere_onlyReplacesTheArchive() throws Exception {
    az.groupHas(
        "my-digits",
        "Microsoft.Storage/storageAccounts\\t" + STORAGE,
        "Microsoft.Web/sites\\tMY-digits"); // Azure's names differ in case at will
    deploy(app());
    assertThat(az.commands())
        .containsExactly(
            "group exists",
            "group show",
            "group show",
            "resource list",
            "functionapp deployment",
            "resource show");
  }

  @Test
  void deploy_brokeOffBeforeTheApp_createsWhatIsMissing() throws Exception {
    az.groupHas("my-digits", "Microsoft.Storage/storageAccounts\\t" + STORAGE);
    deploy(app());
    assertThat(az.commands())
        .containsExactly(
            "group exists",
            "group show",
            "group show",
            "resource list",
            "functionapp create",
            "functionapp deployment",
            "resource show");
  }

  @ParameterizedTest
  @CsvSource({"'', got none", "other, got coracle=other", "My-digits, got coracle=My-digits"})
  void deployAndDelete_groupOfAnother_touchNothing(String tag, String expected) throws Exception {
    az.groupHas(tag);
    Deployment app = app();
    assertThatThrownBy(() -> deploy(app))
        .isInstanceOf(CoracleException.class)
        .hasMessageContainingAll(
            "coracle-my-digits", "left alone", "expected its tag coracle=my-digits", expected);
    assertThatThrownBy(() -> app.delete(true)).hasMessageContaining(expected);
    assertThatThrownBy(app::contents).hasMessageContaining(expected);
    assertThat(app.created()).isEmpty();
    assertThat(az.commands()).containsOnly("group exists", "group show");
  }

  @ParameterizedTest
  @CsvSource({"Deleting, got Deleting", "'', got none"})
  void deploy_groupIsNotReady_putsNothingIntoIt(String state, String expected) throws Exception {
    az.groupHas("my-digits");
    az.group("my-digits", state);
    assertThatThrownBy(() -> deploy(app()))
        .isInstanceOf(CoracleException.class)
        .hasMessageContainingAll("coracle-my-digits", "expected the state Succeeded", expected);
    assertThat(az.commands()).containsOnly("group exists", "group show");
    assertThat(app().delete(true)).isTrue(); // which does no harm
  }

  /** Whatever answers elsewhere is not ours. */
  @ParameterizedTest
  @ValueSource(strings = {"''", "None", "'a b.net'", "x/y.net"})
  void deploy_addressThatIsNone_isNotCalled(String printed) throws Exception {
    az.answer("resource-show", "echo " + printed);
    Deployment app = app();
    assertThatThrownBy(() -> app.deploy(archive, true, log::add))
        .isInstanceOf(CoracleException.class)
        .hasMessageContainingAll("address of function app my-digits", "expected a host name");
    assertThat(app.created()).hasSize(3);
  }

  @Test
  void deploy_functionDoesNotAnswer_saysSoWithAllThere() throws Exception {
    az.answer("resource-show", "echo my-digits.invalid");
    Deployment app = app();
    assertThatThrownBy(() -> app.deploy(archive, true, log::add))
        .isInstanceOf(CoracleException.class)
        .hasMessageContainingAll("https://my-digits.invalid/api/classify", "did not answer GET");
    assertThat(app.created()).hasSize(3);
    assertThat(log).endsWith("Calling https://my-digits.invalid/api/classify");
  }

  /** Whatever az means by it: a group taken for none would be given our tag. */
  @ParameterizedTest
  @ValueSource(strings = {"printf 'Result\\n------\\nTrue\\n'", ":", "echo TRUE"})
  void deployAndDelete_answerThatIsNone_touchNothing(String answer) throws Exception {
    az.answer("group-exists", answer);
    Deployment app = app();
    assertThatThrownBy(() -> deploy(app))
        .isInstanceOf(CoracleException.class)
        .hasMessageContainingAll(
            "whether resource group coracle-my-digits exists", "true or false");
    assertThatThrownBy(() -> app.delete(true)).hasMessageContaining("true or false");
    assertThat(app.created()).isEmpty();
    assertThat(az.commands()).containsOnly("group exists");
  }

  @Test
  void deploy_notLoggedIn_saysWhatToDo() throws Exception {
    az.fail("group-exists", 1, "ERROR: Please run 'az login' to setup account.\n");
    Deployment app = app();
    assertThatThrownBy(() -> deploy(app)).hasMessageContaining("run 'az login', then this again");
    assertThat(app.created()).isEmpty();
  }

  @Test
  void deploy_stepFails_namesItAndPassesOnAzsReasonAlone() throws Exception {
    az.fail(
        "storage-account",
        3,
        """
        WARNING: The default will change.
        ERROR: (StorageAccountAlreadyTaken) The storage account named x is already taken.
        Code: StorageAccountAlreadyTaken
        """);
    Deployment app = app();
    assertThatThrownBy(() -> deploy(app))
        .isInstanceOf(CoracleException.class)
        .hasMessage(
            "creating storage account %s failed, az's exit status is 3: (StorageAccountAlreadyTaken)"
                    .formatted(STORAGE)
                + " The storage account named x is already taken.");
    assertThat(app.created()).containsExactly("resource group coracle-my-digits");
    assertThat(az.commands()).doesNotContain("functionapp create");
  }

  @Test
  void deploy_groupFails_saysThatItMayBeThere() throws Exception {
    az.fail("group-create", 1, "ERROR: The connection was lost.\n");
    Deployment app = app();
    assertThatThrownBy(() -> deploy(app)).hasMessageContaining("The connection was lost.");
    assertThat(app.created()).containsExactly("perhaps resource group coracle-my-digits");
  }

  @Test
  void deploy_archiveFails_showsNoSecret() throws Exception {
    az.fail(
        "functionapp-deployment", 1, "no https://x/y.zip?sv=1&sig=aB%2F1&se=2 AccountKey=k9==;a");
    Deployment app = app();
    assertThatThrownBy(() -> deploy(app))
        .hasMessageContainingAll(
            "deploying the app.zip failed", "?sv=1&sig=…&se=2", "AccountKey=…;a")
        .hasStackTraceContaining("sig=…")
        .message()
        .doesNotContain("aB", "k9");
    assertThat(app.created()).hasSize(3);
  }

  @Test
  void deploy_azTooOldForFlex_namesTheOtherPlanBeforeAnythingIsAsked() throws Exception {
    az.answer("version-", "echo '{ \"azure-cli\": \"2.45.0\", \"azure-cli-core\": \"2.45.0\" }'");
    assertThatThrownBy(() -> deploy(app(Plan.FLEX)))
        .hasMessageContainingAll("az 2.45", "2.60 or newer", "the plan consumption");
    assertThat(az.commands()).containsExactly("version");
    deploy(app(Plan.CONSUMPTION));
  }

  @Test
  void deploy_noAz_saysWhereToGetIt() {
    Deployment app =
        new Deployment(
            DeploymentOptions.builder().name("my-digits").build(),
            () -> Az.find(folder + "::relative"),
            new FirstCall(Duration.ZERO, Duration.ZERO));
    assertThatThrownBy(() -> deploy(app)).hasMessageContainingAll("PATH", "aka.ms/azure-cli");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"no zip", "no file", "folder", "no host.json", "no function", "too large"})
  void deploy_archiveThatIsNoApp_runsNothing(String kind) throws Exception {
    String expected =
        switch (kind) {
          case "no zip" -> {
            archive = Files.writeString(folder.resolve("text"), "host.json");
            yield "is not the zip of a function app: it is no zip file, or a damaged one";
          }
          case "no file" -> {
            archive = folder.resolve("nowhere.zip");
            yield "there is no file";
          }
          case "folder" -> {
            StubAz.zip(archive, "app/host.json", "app/f/function.json");
            yield "it has app/host.json: zip what is in the folder, not the folder";
          }
          case "no host.json" -> {
            StubAz.zip(archive, "f/function.json");
            yield "expected host.json at its root";
          }
          case "no function" -> {
            StubAz.zip(archive, "host.json", "function.json");
            yield "has no function";
          }
          default -> {
            try (RandomAccessFile file = new RandomAccessFile(archive.toFile(), "rw")) {
              file.setLength(500_000_000); // of which the disk stores nothing
            }
            yield "has 500 MB; expected less than 500";
          }
        };
    assertThatThrownBy(() -> deploy(app()))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining(expected);
    assertThatThrownBy(() -> app().plan(archive)).hasMessageContaining(expected);
    assertThat(az.calls()).isEmpty();
  }

  @Test
  void delete_ours_deletesTheGroup() throws Exception {
    az.groupHas("my-digits");
    assertThat(app().delete(true)).isTrue();
    assertThat(app().delete(false)).isTrue();
    assertThat(az.calls())
        .containsSubsequence(
            List.of("group", "delete", "--yes", "--name", "coracle-my-digits"),
            List.of("group", "delete", "--yes", "--no-wait", "--name", "coracle-my-digits"));
  }

  @Test
  void delete_noGroup_isFalse() throws Exception {
    assertThat(app().delete(true)).isFalse();
    assertThat(app().contents()).isEmpty();
    assertThat(az.commands()).containsOnly("group exists");
  }

  @Test
  void contents_ours_listsTypesAndNames() throws Exception {
    az.groupHas("my-digits", "Microsoft.Web/sites\\tmy-digits");
    assertThat(app().contents()).contains(List.of("Microsoft.Web/sites my-digits"));
  }
}
