// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.azure.StubAz;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The commands that talk to Azure, with a stand-in for az on the PATH. */
@DisabledOnOs(OS.WINDOWS) // the stand-in for az is for sh
@Timeout(120)
class AzureCommandsTest {

  private static final String DELETE = "coracle azure delete --name my-digits --yes";

  @TempDir private Path folder;
  private StubAz az;
  private Path archive;

  @BeforeEach
  void prepare() throws IOException {
    az = StubAz.in(Files.createDirectory(folder.resolve("bin")));
    archive = StubAz.app(folder.resolve("the app.zip"));
  }

  private static Object[] azure(String command, Object... more) {
    List<Object> args = new ArrayList<>(List.of("azure", command, "--name", "my-digits"));
    args.addAll(List.of(more));
    return args.toArray();
  }

  /** Runs a command in a JVM of its own, since the PATH of this one is as it is. */
  private Cli forkWithPath(String path, String command, Object... more) throws Exception {
    return Cli.forkWith(new String[] {"/usr/bin/env", "PATH=" + path}, azure(command, more));
  }

  private Cli fork(String command, Object... more) throws Exception {
    return forkWithPath(az.folder() + ":/usr/bin:/bin", command, more);
  }

  private static void assertOneLine(Cli cli, int status, String... words) {
    assertThat(cli.err()).startsWith("coracle: ").contains(words);
    assertThat(cli.err().lines()).hasSize(1);
    assertThat(cli.status()).isEqualTo(status);
  }

  @Test
  void deploy_success_saysWhereItAnswersAndHowToDelete() throws Exception {
    Cli cli = fork("deploy", archive, "--no-call");
    assertThat(cli.err()).isEmpty();
    assertThat(cli.status()).isZero();
    assertThat(cli.out().lines())
        .startsWith("Creating resource group coracle-my-digits")
        .endsWith(
            "Deploying the app.zip",
            "Deployed: https://my-digits-x1.eastus-01.azurewebsites.net/api/classify",
            "Delete it with: " + DELETE);
  }

  @Test
  void deploy_stepFails_saysWhatIsThereAndHowToDeleteIt() throws Exception {
    az.fail("functionapp-create", 1, "ERROR: Website with given name my-digits already exists.");
    assertOneLine(
        fork("deploy", archive, "--plan", "consumption", "--resource-group", "g(1)"),
        1,
        "creating function app my-digits failed",
        "Website with given name my-digits already exists.",
        "there so far: resource group g(1), storage account mydigits32bf5bab; delete it with:"
            + " coracle azure delete --name my-digits --resource-group 'g(1)' --yes");
  }

  @Test
  void deploy_noAz_saysSoOfferingNothingToDelete() throws Exception {
    Cli cli = forkWithPath(folder.toString(), "deploy", archive);
    assertOneLine(cli, 1, "az, Azure's command line, is not on the PATH", "az login");
    assertThat(cli.err()).doesNotContain("delete");
  }

  @Test
  void deploy_sigterm_endsAzAndSaysWhatIsThere() throws Exception {
    Path pid = folder.resolve("pid");
    az.answer(
        "storage-account",
        "echo $$ > '%s.new'; mv '%1$s.new' '%1$s'; exec sleep 600".formatted(pid));
    Path err = folder.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                Main.class.getName())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(err.toFile());
    for (Object arg : azure("deploy", archive)) {
      builder.command().add(arg.toString());
    }
    builder.environment().put("CLASSPATH", System.getProperty("surefire.test.class.path"));
    builder.environment().put("PATH", az.folder() + ":/usr/bin:/bin");
    Process deploy = builder.start();
    try {
      while (!Files.exists(pid)) {
        assertThat(deploy.isAlive()).as(Files.readString(err)).isTrue();
        TimeUnit.MILLISECONDS.sleep(20);
      }
      ProcessHandle child =
          ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())).orElseThrow();
      deploy.destroy();
      deploy.waitFor();
      child.onExit().get();
      assertThat(Files.readString(err))
          .contains("there so far: resource group coracle-my-digits; delete it with: " + DELETE);
    } finally {
      deploy.destroyForcibly();
    }
  }

  @Test
  void deploy_dryRun_printsCommandsAndRunsNone() throws Exception {
    Cli cli =
        forkWithPath(folder.toString(), "deploy", archive, "--dry-run", "--location", "westus2");
    assertThat(cli.err()).isEmpty();
    assertThat(cli.status()).isZero();
    assertThat(cli.out().lines())
        .hasSize(4)
        .allMatch(line -> line.startsWith("az ") && line.contains("my-digits"));
    assertThat(cli.out()).contains("--src '" + archive + "' --output none", "westus2");
  }

  @ParameterizedTest
  @CsvSource({
    "--name, a_b, 'letters a-z'",
    "--resource-group, -x, 'parentheses'",
    "--location, 'West Europe', 'such as eastus'",
    "--storage-account, Digits, '3 to 24 letters'",
    "--plan, premium, 'flex, consumption'",
    "--runtime-version, 11, 'such as 17 or 21'",
    "--instance-memory, 1024, '512, 2048 or 4096'",
    "--instance-memory, x, 'whole number'",
  })
  void deploy_badOption_isNamed(String option, String value, String expectation) {
    Object[] given =
        option.equals("--name")
            ? new Object[] {"azure", "deploy", archive, option, value}
            : azure("deploy", archive, option + "=" + value);
    assertOneLine(Cli.run(given), 2, option, expectation, value, "--help");
  }

  @Test
  void deploy_memoryOfTheOtherPlan_saysSo() {
    Cli cli = Cli.run(azure("deploy", archive, "--plan", "consumption", "--instance-memory", 2048));
    assertOneLine(cli, 2, "--instance-memory", "--plan flex");
  }

  @Test
  void deploy_archiveThatIsNoApp_saysWhy() throws IOException {
    StubAz.zip(archive, "app/host.json");
    assertOneLine(
        Cli.run(azure("deploy", archive)), 1, "the app.zip", "expected host.json at its root");
  }

  @Test
  void deploy_folder_saysThatAZipIsExpected(@TempDir Path app) {
    assertOneLine(
        Cli.run(azure("deploy", app)),
        1,
        app + " is a folder; expected the zip file of a function app",
        "azure package");
  }

  @Test
  void deploy_textFile_saysThatItIsNoZip() throws IOException {
    Files.writeString(archive, "no zip");
    Cli cli = Cli.run(azure("deploy", archive));
    assertOneLine(cli, 1, "the app.zip", "it is no zip file, or a damaged one");
    assertThat(cli.err()).doesNotContain("END header");
  }

  @Test
  void delete_withoutYes_showsWhatThereIsAndDeletesNothing() throws Exception {
    az.groupHas("my-digits", "Microsoft.Web/sites\\tmy-digits");
    Cli cli = fork("delete");
    assertOneLine(cli, 1, "nothing has been deleted", DELETE);
    assertThat(cli.out().strip()).isEqualTo("Microsoft.Web/sites my-digits");
    assertThat(az.commands()).doesNotContain("group delete");
  }

  @Test
  void delete_groupOfAnother_isLeftAlone() throws Exception {
    az.groupHas("");
    assertOneLine(fork("delete", "--yes"), 1, "left alone", "got none");
    assertThat(az.commands()).doesNotContain("group delete");
  }

  @Test
  void delete_twice_doesNoHarm() throws Exception {
    az.groupHas("my-digits");
    Cli first = fork("delete", "--yes", "--no-wait");
    assertThat(first.out().strip()).isEqualTo("Azure is deleting my-digits");
    az.answer("group-exists", "echo false");
    Cli second = fork("delete", "--yes");
    assertThat(second.out().strip())
        .isEqualTo(
            "There is nothing of my-digits in the subscription Pay as you go; 'az account set' chooses another");
    assertThat(second.status()).isZero();
    assertThat(az.commands()).containsOnlyOnce("group delete");
  }

  @Test
  void delete_dryRun_printsTheProofAndTheDeletion() {
    assertThat(Cli.run(azure("delete", "--dry-run")).out().lines())
        .containsExactly(
            "az group show --query tags.coracle --output tsv --name coracle-my-digits",
            "az group delete --yes --name coracle-my-digits");
  }
}
