// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.Version;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The folder that {@code mvn package} makes, run as a user runs it. */
@DisabledOnOs(OS.WINDOWS) // the programs are for sh
class DistributionIT {

  private static final int MAX_MEGABYTES = 350;

  private final Distribution dist = Distribution.named("dist");
  private final Path folder;

  DistributionIT(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void folder_hasAllThatTheCommandsNeed_andNoNativesOfOtherPlatforms() throws Exception {
    assertThat(dist.names("bin")).containsExactly("archive-classes", "coracle", "serve", "train");
    assertThat(dist.names("lib"))
        .contains("coracle-" + Version.CORACLE + ".jar", "tiny.onnx")
        .anyMatch(name -> name.startsWith("pytorch-native-cpu"))
        .anyMatch(name -> name.startsWith("sagemaker"));
    assertThat(dist.names("native"))
        .contains(System.mapLibraryName("onnxruntime"), System.mapLibraryName("onnxruntime4j_jni"));
    String onnxRuntime =
        dist.names("lib").stream().filter(n -> n.startsWith("onnxruntime-")).findFirst().get();
    try (ZipFile jar = new ZipFile(dist.folder().resolve("lib/" + onnxRuntime).toFile())) {
      assertThat(jar.getEntry("ai/onnxruntime/OrtEnvironment.class")).isNotNull();
      assertThat(jar.stream()).noneMatch(entry -> entry.getName().contains("/native/"));
    }
    assertThat(dist.megabytes()).isLessThan(MAX_MEGABYTES);
  }

  @Test
  void train_dryRun_works() throws Exception {
    Cli cli =
        dist.run(
            "coracle",
            "train",
            "--dry-run",
            "--data-dir",
            "datasets/mnist",
            "--output-dir",
            folder);
    assertThat(cli.status()).as(cli.toString()).isZero();
    assertThat(cli.out()).contains("Dry run: training, export and verification work");
  }

  @Test
  void serve_sigterm_endsWithStatus0AndLeavesNothing() throws Exception {
    dist.serveAndStop(folder);
  }

  /** Of the three, only the first can use the archive, as another's class path is another. */
  @Test
  void archive_ofThisPlace_isUsedThere_andSilentlyElsewhere() throws Exception {
    Path archive = dist.folder().resolve("lib/coracle.jsa");
    try {
      assertThat(dist.run("archive-classes")).isEqualTo(new Cli(0, "", ""));
      Cli used = dist.run(Map.of("JAVA_OPTS", "-Xshare:on"), "coracle", "serve", "--help");
      assertThat(used.status()).as(used.toString()).isZero();

      Path other = folder.resolve("path with spaces");
      Path bin = Files.createDirectories(other.resolve("bin"));
      Files.copy(dist.folder().resolve("bin/coracle"), bin.resolve("coracle"));
      Files.createSymbolicLink(other.resolve("lib"), dist.folder().resolve("lib"));
      Files.createSymbolicLink(other.resolve("native"), dist.folder().resolve("native"));
      Cli elsewhere = new Distribution(other).run("coracle", "--version");
      assertThat(elsewhere)
          .isEqualTo(new Cli(0, "coracle " + Version.CORACLE + System.lineSeparator(), ""));
    } finally {
      Files.deleteIfExists(archive); // the folder stays as the build has made it
    }
  }

  @Test
  void coracle_throughALink_findsItsFolder() throws Exception {
    Path bin = Files.createDirectory(folder.resolve("bin"));
    Files.createSymbolicLink(bin.resolve("coracle"), dist.folder().resolve("bin/coracle"));
    Cli cli = new Distribution(folder).run("coracle", "--version");
    assertThat(cli.out()).as(cli.toString()).contains(Version.CORACLE);
  }

  /** The shell makes the folder: this JVM may have a locale that cannot write its name. */
  @ParameterizedTest
  @ValueSource(strings = {"C", "xx_XX.UTF-8", "C.UTF-8"})
  void coracle_folderWithUmlauts_startsInAnyLocale(String locale) throws Exception {
    Path program = Files.createDirectory(folder.resolve("bin")).resolve("start");
    Files.writeString(
        program,
        """
        #!/bin/sh
        set -e
        home=$1/$(printf 'B\\303\\244ume')
        mkdir "$home"
        cp -r "$2/bin" "$home"
        ln -s "$2/lib" "$2/native" "$home"
        exec "$home/bin/coracle" --version
        """);
    assertThat(program.toFile().setExecutable(true)).isTrue();
    Cli cli =
        new Distribution(folder).run(Map.of("LC_ALL", locale), "start", folder, dist.folder());
    assertThat(cli.status()).as(cli.toString()).isZero(); // some shells warn of the locale
    assertThat(cli.out()).isEqualTo("coracle " + Version.CORACLE + System.lineSeparator());
  }

  @Test
  void coracle_javaOpts_reachTheJvmAfterItsOwn() throws Exception {
    Cli cli = dist.run(Map.of("JAVA_OPTS", "-Xmx1m"), "coracle", "serve", "--help");
    assertThat(cli.status()).as(cli.toString()).isEqualTo(1); // too small to start
  }

  @Test
  void coracle_noJava_saysSo() throws Exception {
    for (String tool : new String[] {"sh", "readlink", "sed"}) {
      Path real = Path.of("/usr/bin", tool);
      Files.createSymbolicLink(
          folder.resolve(tool), Files.exists(real) ? real : Path.of("/bin", tool));
    }
    Cli cli = dist.run(Map.of("PATH", folder.toString(), "JAVA_HOME", ""), "coracle", "--version");
    assertThat(cli.err()).contains("java", "17", "JAVA_HOME").hasLineCount(1);
    assertThat(cli.status()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({"11.0.2, 11", "1.8.0_392, 8"})
  void coracle_oldJava_saysSo(String version, String number) throws Exception {
    Path bin = Files.createDirectory(folder.resolve("bin"));
    Files.writeString(folder.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    assertThat(Files.createFile(bin.resolve("java")).toFile().setExecutable(true)).isTrue();
    Cli cli = dist.run(Map.of("JAVA_HOME", folder.toString()), "coracle", "--version");
    assertThat(cli.err()).contains("is Java " + number, "expected 17").hasLineCount(1);
    assertThat(cli.status()).isEqualTo(1);
  }

  /** Makes a stand-in for Java, which tells what it was given. */
  private Map<String, String> javaHome(String version) throws IOException {
    Path java = Files.createDirectories(folder.resolve("bin")).resolve("java");
    Files.writeString(folder.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    Files.writeString(java, "#!/bin/sh\necho \"$GOMP_SPINCOUNT\" \"$@\"\n");
    assertThat(java.toFile().setExecutable(true)).isTrue();
    return Map.of("JAVA_HOME", folder.toString());
  }

  @Test
  void coracle_javaThatWarnsOfProtobuf_isToldNotTo() throws Exception {
    String option = " --sun-misc-unsafe-memory-access=allow ";
    assertThat(dist.run(javaHome("22.0.2"), "coracle", "train").out()).doesNotContain("unsafe");
    for (String version : new String[] {"23", "25.0.1"}) {
      Map<String, String> home = javaHome(version);
      assertThat(dist.run(home, "coracle", "train").out()).contains(option);
      assertThat(dist.run(home, "coracle", "export").out()).contains(option);
    }
  }

  @Test
  void coracle_givesTheJvmWhatTheCommandNeeds() throws Exception {
    Map<String, String> home = javaHome("17.0.1");
    assertThat(dist.run(home, "coracle", "export", "--help").out())
        .startsWith("10000 -XX:TieredStopAtLevel=1 ")
        .contains(" dev.coracle.cli.Main export --help");
    assertThat(dist.run(home, "coracle", "train").out()).doesNotContain("-XX:TieredStopAtLevel");
    Map<String, String> own = Map.of("JAVA_HOME", folder.toString(), "GOMP_SPINCOUNT", "7");
    assertThat(dist.run(own, "coracle", "train").out()).startsWith("7 ");
  }
}
