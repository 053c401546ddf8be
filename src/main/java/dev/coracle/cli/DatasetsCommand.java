// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.CoracleException;
import dev.coracle.dataset.MnistCheck;
import dev.coracle.dataset.MnistDownload;
import dev.coracle.dataset.MnistDownloadBuilder;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Groups the commands about data. */
@Command(
    name = "datasets",
    sortOptions = false,
    description = "Fetches or checks MNIST.",
    subcommands = {DatasetsCommand.Fetch.class, DatasetsCommand.Check.class})
final class DatasetsCommand implements Runnable {

  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw UsageMessage.commandMissing(Objects.requireNonNull(spec));
  }

  /** Downloads MNIST. */
  @Command(
      name = "fetch",
      sortOptions = false,
      showDefaultValues = true,
      description = {
        "Downloads MNIST.",
        "",
        "Takes it from the SageMaker public bucket, or else from the mirror that PyTorch uses, and"
            + " checks the content's SHA-256 before a file is put in place. A proxy is Java's, as in"
            + " JAVA_OPTS='-Dhttps.proxyHost=HOST -Dhttps.proxyPort=PORT'; HTTPS_PROXY is not read."
      })
  static final class Fetch implements Callable<Integer> {

    private final Terminal terminal;

    @Option(
        names = "--output-dir",
        paramLabel = "DIR",
        description = {"Folder to put the files in.", "  Default: ~/.cache/coracle/mnist"})
    private @Nullable Path outputDir;

    @Option(
        names = "--region",
        paramLabel = "NAME",
        defaultValue = MnistDownloadBuilder.DEFAULT_REGION,
        description = "AWS region of the bucket.")
    private String region = MnistDownloadBuilder.DEFAULT_REGION;

    @Option(
        names = "--base-url",
        paramLabel = "URL",
        description = "Another place that has the four .gz files, asked first.")
    private @Nullable String baseUrl;

    @Spec private @Nullable CommandSpec spec;

    Fetch(Terminal terminal) {
      this.terminal = terminal;
    }

    private void option(String name, Runnable set) {
      try {
        set.run();
      } catch (CoracleException e) {
        throw new ParameterException(
            Objects.requireNonNull(spec).commandLine(),
            "Invalid value for option '%s': %s".formatted(name, e.getMessage()),
            e);
      }
    }

    @Override
    public Integer call() {
      Path folder = outputDir == null ? MnistDownload.cacheFolder() : outputDir;
      MnistDownloadBuilder download = MnistDownload.into(folder);
      option("--region", () -> download.region(region));
      if (baseUrl != null) {
        String url = baseUrl;
        option("--base-url", () -> download.baseUrl(url));
      }
      List<MnistDownload.Fetched> files;
      try (DownloadBar bar = new DownloadBar(terminal)) {
        files = download.progress(bar).build().fetch();
      }
      for (MnistDownload.Fetched fetched : files) {
        terminal.printf(
            "%s: %s%n",
            fetched.path(),
            fetched.source() == null ? "was there already" : "from " + fetched.source());
      }
      return 0;
    }
  }

  /** Checks a folder. */
  @Command(
      name = "check",
      sortOptions = false,
      showDefaultValues = true,
      description = {
        "Checks the four files of a folder.",
        "",
        "Reads them with every check there is and tells whether they are the published MNIST. Exit"
            + " status 1 when one is missing, damaged or another set's."
      })
  static final class Check implements Callable<Integer> {

    private final Terminal terminal;

    @Parameters(
        paramLabel = "DIR",
        arity = "0..1",
        defaultValue = "datasets/mnist",
        description = "Folder of the four idx files.")
    private Path folder = Path.of("");

    Check(Terminal terminal) {
      this.terminal = terminal;
    }

    @Override
    public Integer call() {
      List<MnistCheck> checks = MnistCheck.check(folder);
      for (MnistCheck check : checks) {
        String verdict =
            check.problem() != null
                ? check.problem()
                : check.published() ? "published MNIST" : "sound, but not the published MNIST";
        terminal.printf("%-25s %6d  %s%n", check.expected().name(), check.count(), verdict);
      }
      return checks.stream().allMatch(MnistCheck::published) ? 0 : 1;
    }
  }

  /** A progress bar for each file, on a terminal only. */
  private static final class DownloadBar implements MnistDownload.ProgressListener, AutoCloseable {
    private final Terminal terminal;
    private String file = "";
    private @Nullable ProgressBar bar;

    DownloadBar(Terminal terminal) {
      this.terminal = terminal;
    }

    @Override
    public void onProgress(String name, long bytesDone, long bytesTotal) {
      if (!terminal.progress()) {
        return;
      }
      if (bar == null || !name.equals(file)) {
        close();
        file = name;
        bar = ProgressLine.start(terminal, name, "KiB", 1024, bytesDone, bytesTotal);
      }
      bar.stepTo(bytesDone);
    }

    @Override
    public void close() {
      if (bar != null) {
        bar.close();
        bar = null;
      }
    }
  }
}
