// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.AtomicFile;
import dev.coracle.CoracleException;
import dev.coracle.TemporaryFolder;
import dev.coracle.Version;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * Starts a command; without arguments, {@code train}. Exit status: 0 success, 1 a failed run, 2 a
 * command line that cannot be understood, 141 an output that is not read to its end. Errors are one
 * line on stderr; {@code --verbose} adds the stack trace.
 */
@Command(
    name = "coracle",
    description = "Trains a network in Java, exports it to ONNX and runs it anywhere.",
    versionProvider = Main.Versions.class,
    sortOptions = false,
    footer = {
      "",
      "Without a command, coracle trains with the defaults.",
      "coracle COMMAND --help tells more."
    })
public final class Main implements Runnable {

  private static final int FAILED = 1;

  /** As for a program ended by SIGPIPE, as others are when nobody reads their output. */
  private static final int BROKEN_PIPE = 141;

  private static final String DEFAULT = "train";
  private static final String SAGEMAKER = "sagemaker";
  private static final String AZURE = "azure";

  private static final Map<String, Class<?>> COMMANDS = new LinkedHashMap<>(); // as help lists them

  static {
    COMMANDS.put(DEFAULT, TrainCommand.class);
    COMMANDS.put("export", ExportCommand.class);
    COMMANDS.put("verify", VerifyCommand.class);
    COMMANDS.put("classify", ClassifyCommand.class);
    COMMANDS.put("serve", ServeCommand.class);
    COMMANDS.put(SAGEMAKER, SageMakerCommand.class);
    COMMANDS.put(AZURE, AzureCommand.class);
    COMMANDS.put("datasets", DatasetsCommand.class);
  }

  @Option(
      names = "--verbose",
      scope = ScopeType.INHERIT,
      description = "Show stack traces of errors and what the libraries log.")
  @SuppressWarnings("UnusedVariable") // read through the parsed options, below
  private boolean verbose;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help.")
  @SuppressWarnings("UnusedVariable")
  private boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show the version.")
  @SuppressWarnings("UnusedVariable")
  private boolean version;

  @Spec private @Nullable CommandSpec spec;

  public static void main(String... args) {
    // Others, such as Egypt's, have digits of their own, which nobody could give back as a value.
    Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
    Runtime.getRuntime().addShutdownHook(new Thread(Main::tidy, "coracle-tidy"));
    System.setOut(new StandardOutput());
    System.exit(run(System.out, System.err, args));
  }

  private static void tidy() {
    AtomicFile.deleteUnfinished();
    TemporaryFolder.deleteAll();
  }

  /** Runs a command and returns its exit status. */
  static int run(PrintStream out, PrintStream err, String... given) {
    String[] args = given.length == 0 ? new String[] {DEFAULT} : withoutHelpCommand(given);
    Main main = new Main();
    main.verbose = isVerboseContainer(args);
    List<String> words = Arrays.asList(args);
    configureLibraries(main.verbose || words.contains("--verbose"));
    Terminal terminal = Terminal.of(out, err);
    PrintWriter errors = terminal.errors();
    CommandLine line =
        addCommands(new CommandLine(main, new CommandFactory(terminal)), COMMANDS, words)
            .setOut(terminal.writer())
            .setErr(errors)
            .setExpandAtFiles(false) // a file name may begin with @
            .setUsageHelpAutoWidth(true)
            .setHelpFactory(HelpPage::new)
            .registerConverter(Path.class, new Converters.PathName())
            .registerConverter(boolean.class, new Converters.Flag())
            .setParameterExceptionHandler(Main::badUsage)
            .setExecutionExceptionHandler((e, command, parsed) -> failed(e, command, main.verbose));
    int status;
    try {
      status = line.execute(args);
    } catch (OutOfMemoryError | LinkageError e) { // picocli handles only exceptions
      status = failed(e, line, main.verbose);
    }
    return terminal.failed() && status == 0 ? lost(out, errors) : status;
  }

  /** Takes "help train", which other programs know, for "train --help". */
  private static String[] withoutHelpCommand(String... args) {
    if (!args[0].equals("help")) {
      return args;
    }
    String[] others = Arrays.copyOfRange(args, 1, args.length + 1);
    others[args.length - 1] = "--help";
    return others;
  }

  private static int lost(PrintStream out, PrintWriter errors) {
    IOException failure = out instanceof StandardOutput standard ? standard.failure() : null;
    String reason = failure == null ? "" : String.valueOf(failure.getMessage());
    if (reason.toLowerCase(Locale.ROOT).contains("pipe")) { // some systems translate the rest
      return BROKEN_PIPE; // as with "| head"; nothing went wrong
    }
    errors.println(
        "coracle: the output could not be written to its end"
            + (reason.isEmpty() ? "" : ": " + reason));
    return FAILED;
  }

  /** Adds only the requested command, as each costs startup time, or all for the help. */
  private static CommandLine addCommands(
      CommandLine line, Map<String, Class<?>> commands, List<String> args) {
    Class<?> only = args.isEmpty() ? null : commands.get(args.get(0));
    if (only == null) {
      commands.forEach(line::addSubcommand);
    } else {
      line.addSubcommand(args.get(0), only);
    }
    List<String> rest = only == null ? List.of() : args.subList(1, args.size());
    line.getSubcommands().forEach((name, command) -> addCommands(command, below(name), rest));
    return line;
  }

  /** Returns the subcommands of a command; a group that is not requested is not loaded. */
  private static Map<String, Class<?>> below(String command) {
    return switch (command) {
      case SAGEMAKER -> SageMakerCommand.COMMANDS;
      case AZURE -> AzureCommand.COMMANDS;
      default -> Map.of();
    };
  }

  /** Tells a command whether it is run with --verbose. */
  static boolean isVerbose(CommandSpec command) {
    return ((Main) command.root().userObject()).verbose;
  }

  @Override
  public void run() {
    throw UsageMessage.commandMissing(Objects.requireNonNull(spec));
  }

  /** SageMaker's SDK passes a log level in the numbers of Python's logging: 10 is debug. */
  private static boolean isVerboseContainer(String... args) {
    return args.length > 0
        && args[0].equals(SAGEMAKER)
        && "10".equals(System.getenv("SAGEMAKER_CONTAINER_LOG_LEVEL"));
  }

  /** Switches off telemetry and downloads, and reduces logging, before the libraries start. */
  private static void configureLibraries(boolean verbose) {
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("OPT_OUT_TRACKING", "true");
    // No display is needed: AWT must not look for an X server.
    System.setProperty("java.awt.headless", "true");
    System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", verbose ? "info" : "warn");
    // The server's own messages, for example that it has reloaded a model.
    System.setProperty("org.slf4j.simpleLogger.log.dev.coracle", "info");
    if (!verbose) {
      // Jetty warns about bad requests and quotes them; the request log covers them.
      System.setProperty("org.slf4j.simpleLogger.log.org.eclipse.jetty", "error");
      // DJL warns when there is a CUDA library but no GPU, which --device already reports.
      System.setProperty("org.slf4j.simpleLogger.log.ai.djl.util.cuda.CudaUtils", "error");
    }
  }

  private static int badUsage(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    String help = command.getCommandSpec().qualifiedName() + " --help";
    command.getErr().printf("coracle: %s (see %s)%n", UsageMessage.of(e), help);
    return CommandLine.ExitCode.USAGE;
  }

  private static int failed(Throwable e, CommandLine command, boolean verbose) {
    command.getOut().flush();
    command.getErr().println("coracle: " + sentence(e));
    if (verbose) {
      e.printStackTrace(command.getErr());
    } else if (!(e instanceof CoracleException)) {
      command.getErr().println("coracle: --verbose shows where");
    }
    return FAILED;
  }

  /** Returns the sentence that tells the user about a failure. */
  static String sentence(Throwable e) {
    if (e instanceof CoracleException) {
      return String.valueOf(e.getMessage());
    }
    if (e instanceof NoClassDefFoundError) {
      return MissingDependency.sentence(String.valueOf(e.getMessage()));
    }
    if (e instanceof OutOfMemoryError) {
      return "out of memory (%s); give the JVM more with -Xmx, or a command smaller batches or pictures"
          .formatted(e.getMessage());
    }
    boolean wrapper = e instanceof UncheckedIOException || e instanceof ExceptionInInitializerError;
    Throwable cause = wrapper && e.getCause() != null ? e.getCause() : e;
    if (cause instanceof InvalidPathException invalid) {
      return "expected a path: " + Converters.PathName.reason(invalid);
    }
    String message = String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
    return cause.getClass().getSimpleName() + ": " + message;
  }

  static final class Versions implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"coracle " + Version.CORACLE};
    }
  }
}
