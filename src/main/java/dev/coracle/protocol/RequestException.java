// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import dev.coracle.CoracleException;
import org.jspecify.annotations.Nullable;

/** Says what is wrong with a request, in a sentence for its sender. */
public final class RequestException extends CoracleException {

  private static final long serialVersionUID = 1L;

  private final int status;

  /**
   * Makes an exception with the HTTP status that the answer is to have: 4xx, or 503 or 507 where
   * the server cannot do it now.
   */
  public RequestException(int status, String message) {
    this(status, message, null);
  }

  RequestException(int status, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  /** Makes an exception with status 400, for invalid content. */
  static RequestException badRequest(String message) {
    return new RequestException(400, message);
  }

  /** Makes an exception with status 400 and the message of what refused the content. */
  static RequestException badRequest(Exception refusal) {
    return new RequestException(400, String.valueOf(refusal.getMessage()), refusal);
  }

  public int status() {
    return status;
  }
}
