// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes the file that tells SageMaker why a job failed. Of its text SageMaker shows the first
 * 1,024 characters as {@code FailureReason}, so the most useful comes first.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-signal-success-failure.html">
 *     How Amazon SageMaker AI Signals Algorithm Success and Failure</a>
 */
public final class Failure {

  /** The kind of failure, in AWS's terms. */
  public enum Kind {
    /** The job's hyperparameters or data are invalid. */
    CLIENT_ERROR("ClientError"),
    /** The training failed. */
    ALGORITHM_ERROR("AlgorithmError");

    private final String text;

    Kind(String text) {
      this.text = text;
    }
  }

  private Failure() {}

  /**
   * Writes the file unless there is one: the first reason is the cause of the later ones.
   *
   * @param sentence what happened and what to do
   * @param cause its stack trace comes at the end of the text
   */
  public static void write(Path file, Kind kind, String sentence, Throwable cause)
      throws IOException {
    StringWriter text = new StringWriter();
    PrintWriter out = new PrintWriter(text);
    out.println(kind.text + ": " + sentence);
    for (String line : causes(cause)) {
      out.println("caused by " + line);
    }
    out.println();
    cause.printStackTrace(out);
    Files.createDirectories(file.toAbsolutePath().getParent());
    try {
      Files.writeString(file, text.toString(), StandardOpenOption.CREATE_NEW);
    } catch (FileAlreadyExistsException e) {
      // the first reason stays
    }
  }

  private static List<String> causes(Throwable failure) {
    List<String> causes = new ArrayList<>();
    for (Throwable t = failure.getCause(); t != null && causes.size() < 10; t = t.getCause()) {
      causes.add(t.toString());
    }
    return causes;
  }
}
