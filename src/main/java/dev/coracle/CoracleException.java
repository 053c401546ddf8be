// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import org.jspecify.annotations.Nullable;

/**
 * Says in one sentence what was expected, what was found, where, and what to do. The command line
 * prints the message unchanged; the cause, if there is one, is for {@code --verbose}.
 */
public class CoracleException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public CoracleException(String message) {
    super(message);
  }

  public CoracleException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /**
   * Returns a description of what went wrong with a file: the message of several of Java's file
   * exceptions is only the path.
   */
  public static String reason(IOException e) {
    String message = String.valueOf(e.getMessage());
    if (e instanceof NoSuchFileException) {
      return message + " does not exist";
    }
    if (e instanceof FileAlreadyExistsException || e instanceof NotDirectoryException) {
      return message + " is a file, not a folder";
    }
    if (e instanceof AccessDeniedException) {
      return "no permission for " + message;
    }
    return message;
  }
}
