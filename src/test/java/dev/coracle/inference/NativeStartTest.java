// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtEnvironment;
import java.io.File;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** From where a JVM loads ONNX Runtime's libraries; the operating system is the witness. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "reads /proc/self/maps")
class NativeStartTest {

  private static final String MAIN = "libonnxruntime.so";

  private final Path folder;
  private final Path cache;
  private final Path model;

  NativeStartTest(@TempDir Path folder) throws IOException {
    this.folder = folder.toRealPath();
    this.cache = this.folder.resolve("cache");
    this.model = TestModel.mnist().write(this.folder.resolve("model.onnx"));
  }

  @Test
  void open_threeProcessesAtOnceThenAgain_loadFromTheCache() throws Exception {
    String option = "-Dcoracle.native.cache=" + cache;
    List<ChildJvm> children = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      children.add(ChildJvm.start(folder, List.of(option), Program.class, model));
    }
    for (ChildJvm child : children) {
      assertThat(loadedFrom(child)).hasParent(cache);
    }
    assertThat(loadedFrom(ChildJvm.start(folder, List.of(option), Program.class, model)))
        .hasParent(cache);
    try (Stream<Path> folders = Files.list(cache)) {
      assertThat(folders).hasSize(1);
    }
  }

  @Test
  void open_noOption_keepsThemInTheUsersCache() throws Exception {
    String option = "-Duser.home=" + folder.resolve("home");
    assertThat(loadedFrom(ChildJvm.start(folder, List.of(option), Program.class, model)))
        .hasParent(folder.resolve("home/.cache/coracle/native"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-Dcoracle.native.cache=off",
        "-Dcoracle.native.cache=%s/model.onnx",
        "-Dcoracle.native.cache=%s/model.onnx/deeper",
        "-Duser.home=?",
      })
  void open_cacheOffOrUnusable_unpacksToTmpdir(String option) throws Exception {
    List<String> options = List.of(option.formatted(folder));
    Path from = loadedFrom(ChildJvm.start(folder, options, Program.class, model));
    assertThat(from.getFileName().toString()).startsWith("onnxruntime-java");
  }

  @Test
  void open_pathChosenByUser_isLoadedAndNothingIsKept() throws Exception {
    Path own = NativeLibraries.unpack(folder.resolve("own"), resource());
    List<String> options =
        List.of("-Dcoracle.native.cache=" + cache, "-Donnxruntime.native.path=" + own);
    assertThat(loadedFrom(ChildJvm.start(folder, options, Program.class, model))).isEqualTo(own);
    assertThat(cache).doesNotExist();
  }

  /** As two web applications in one server: a JVM loads a library file for one of them only. */
  @Test
  void open_inTwoClassLoaders_bothWork() throws Exception {
    ChildJvm child =
        ChildJvm.start(folder, List.of("-Dcoracle.native.cache=" + cache), TwoLoaders.class, model);
    assertThat(child.await()).as(child.lines().toString()).isZero();
    Set<String> folders = new HashSet<>(child.lines());
    assertThat(folders).hasSize(2);
    assertThat(folders).filteredOn(line -> Path.of(line).startsWith(cache)).hasSize(1);
  }

  private static URL resource() {
    URL library =
        OrtEnvironment.class.getResource(
            "/ai/onnxruntime/native/linux-"
                + (System.getProperty("os.arch").equals("amd64") ? "x64" : "aarch64")
                + "/"
                + MAIN);
    assertThat(library).isNotNull();
    return library;
  }

  private static Path loadedFrom(ChildJvm child) throws IOException, InterruptedException {
    assertThat(child.await()).as(child.lines().toString()).isZero();
    assertThat(child.lines()).hasSize(1);
    return Path.of(child.lines().get(0));
  }

  /** Classifies an image, and writes the folder that the process has loaded the library from. */
  public static final class Program {
    private Program() {}

    public static void main(String[] args) throws IOException {
      try (Classifier classifier = Classifier.open(Path.of(args[0]))) {
        classifier.classify(new byte[28 * 28]);
      }
      try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
        maps.filter(line -> line.endsWith("/" + MAIN) || line.endsWith(MAIN + " (deleted)"))
            .map(line -> line.substring(line.indexOf('/'), line.lastIndexOf('/')))
            .distinct()
            .forEach(System.out::println);
      }
    }
  }

  /** Runs the program in two class loaders at once. */
  static final class TwoLoaders {
    private TwoLoaders() {}

    public static void main(String[] args) throws Exception {
      ExecutorService threads = Executors.newFixedThreadPool(2);
      try {
        Callable<Boolean> run = () -> run(args);
        for (Future<Boolean> ran : threads.invokeAll(List.of(run, run))) {
          ran.get();
        }
      } finally {
        threads.shutdown();
      }
    }

    private static boolean run(String... args) throws IOException, ReflectiveOperationException {
      try (URLClassLoader loader =
          new URLClassLoader(classPath(), ClassLoader.getPlatformClassLoader())) {
        loader
            .loadClass(Program.class.getName())
            .getMethod("main", String[].class)
            .invoke(null, (Object) args);
        return true;
      }
    }

    private static URL[] classPath() throws MalformedURLException {
      List<URL> urls = new ArrayList<>();
      String[] entries = System.getProperty("java.class.path").split(File.pathSeparator, -1);
      for (String entry : entries) {
        urls.add(Path.of(entry).toUri().toURL());
      }
      return urls.toArray(URL[]::new);
    }
  }
}
