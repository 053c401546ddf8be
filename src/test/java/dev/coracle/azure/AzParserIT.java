// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.coracle.azure.FunctionAppOptions.Plan;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Gives our commands to the real az, which reads a command line before it finds that it is not
 * logged in: exit status 1 is for what it understands, 2 for what it does not. Nothing reaches
 * Azure. It takes seconds a call.
 */
@Timeout(600)
class AzParserIT {

  private static final Pattern UNKNOWN = Pattern.compile("unrecognized arguments: (.*)");

  @TempDir private Path folder;
  private Path archive;

  @BeforeEach
  void prepare() throws IOException {
    assumeTrue(
        Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
            .anyMatch(path -> Files.isExecutable(Path.of(path, "az"))),
        "az is not on the PATH, so its parser has not seen our commands");
    archive = StubAz.app(folder.resolve("the app.zip"));
  }

  private static FunctionAppOptions options(Plan plan) {
    return FunctionAppOptions.builder().name("my-digits").plan(plan).build();
  }

  private record Result(int status, String err) {}

  /** Runs a line as a user who has copied it does. */
  private Result run(String line) {
    try {
      ProcessBuilder builder = new ProcessBuilder("sh", "-c", line);
      builder.environment().put("AZURE_CONFIG_DIR", folder.resolve("config").toString());
      builder.environment().put("AZURE_CORE_COLLECT_TELEMETRY", "no");
      Path err = Files.createTempFile(folder, "az", ".err");
      Process az =
          builder
              .redirectInput(new File("/dev/null"))
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(err.toFile())
              .start();
      return new Result(az.waitFor(), Files.readString(err));
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void commands_ofTheConsumptionPlan_areUnderstood() {
    FunctionApp app = new FunctionApp(options(Plan.CONSUMPTION));
    AzCommands commands = new AzCommands(options(Plan.CONSUMPTION));
    List<String> lines = new ArrayList<>(app.deploymentPlan(archive));
    lines.addAll(app.deletionPlan(false));
    lines.add(commands.groupExists().line());
    lines.add(commands.resources().line());
    for (String line : lines) {
      Result result = run(line);
      assertThat(result.status()).as(line + "\n" + result.err()).isEqualTo(1);
      assertThat(result.err()).as(line).contains("az login");
    }
    assertThat(run(lines.get(0) + " --no-such-option").status()).isEqualTo(2);
  }

  /** Before 2.60, which has the plan, no more is unknown than its two options. */
  @Test
  void creation_ofTheFlexPlan_isUnderstoodButForItsOptions() {
    Result result = run(new AzCommands(options(Plan.FLEX)).createApp().line());
    Matcher unknown = UNKNOWN.matcher(result.err());
    if (unknown.find()) {
      assertThat(unknown.group(1))
          .isEqualTo("--flexconsumption-location eastus --instance-memory 2048");
    } else {
      assertThat(result.err()).contains("az login");
      assertThat(result.status()).isEqualTo(1);
    }
  }

  @Test
  void version_hasTheForm() throws InterruptedException {
    String json = Az.find(System.getenv("PATH")).run(AzCommands.VERSION);
    assertThat(FunctionApp.VERSION.matcher(json).find()).as(json).isTrue();
  }
}
