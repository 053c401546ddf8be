// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.coracle.azure.DeploymentOptions.Plan;
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
 * Gives our commands to the real az, without a login: az reads a command line before it finds that
 * it is not logged in: exit status 1 is for what it understands, 2 for what it does not. Nothing
 * reaches Azure. It takes seconds a call.
 */
@Timeout(600)
class AzParserIT {

  private static final Pattern UNKNOWN = Pattern.compile("unrecognized arguments: (.*)");

  @TempDir private static Path config;

  @TempDir private Path folder;
  private Path archive;

  @BeforeEach
  void prepare() throws IOException {
    boolean there =
        Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
            .anyMatch(path -> Files.isExecutable(Path.of(path, "az")));
    if (!"required".equals(System.getProperty("coracle.az"))) {
      assumeTrue(there, "az is not on the PATH, so its parser has not seen our commands");
    }
    assertThat(there).as("az is on the PATH").isTrue();
    archive = StubAz.app(folder.resolve("the app.zip"));
  }

  private static DeploymentOptions options(Plan plan) {
    return DeploymentOptions.builder().name("my-digits").plan(plan).build();
  }

  private record Result(int status, String out, String err) {}

  /** Runs a line as a user who has copied it does. */
  private Result run(String line) {
    try {
      Path out = Files.createTempFile(folder, "az", ".out");
      Path err = Files.createTempFile(folder, "az", ".err");
      ProcessBuilder builder = new ProcessBuilder("sh", "-c", line);
      // Whoever runs this may be logged in, and the commands are real.
      builder.environment().put("AZURE_CONFIG_DIR", config.toString());
      builder.environment().put("AZURE_CORE_COLLECT_TELEMETRY", "no");
      Process az =
          builder
              .directory(folder.toFile()) // where this az leaves a file
              .redirectInput(new File("/dev/null"))
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      return new Result(az.waitFor(), Files.readString(out), Files.readString(err));
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void commands_ofTheConsumptionPlan_areUnderstood() {
    Deployment app = new Deployment(options(Plan.CONSUMPTION));
    AzCommands commands = new AzCommands(options(Plan.CONSUMPTION));
    List<String> lines = new ArrayList<>(app.plan(archive));
    lines.addAll(app.deletionPlan(false));
    lines.add(commands.groupExists().line());
    lines.add(commands.resources().line());
    lines.add(commands.groupState().line());
    lines.add(commands.hostName().line());
    lines.add(AzCommands.SUBSCRIPTION.line());
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
  void version_hasTheForm() {
    Result result = run(AzCommands.VERSION.line());
    assertThat(Deployment.VERSION.matcher(result.out()).find()).as(result.toString()).isTrue();
  }
}
