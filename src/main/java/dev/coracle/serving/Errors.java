// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import dev.coracle.protocol.Answer;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers what Jetty refuses before a route sees it, in the same form as other errors. */
final class Errors implements Request.Handler {

  private static final Logger LOG = LoggerFactory.getLogger(Errors.class);

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    Object failure = request.getAttribute(ErrorHandler.ERROR_EXCEPTION);
    int status = response.getStatus();
    String message;
    if (failure instanceof HttpException e) {
      status = status(e.getCode());
      message =
          e.getCode() == HttpStatus.UPGRADE_REQUIRED_426
              ? "expected HTTP/1.1, got another version"
              : message(status, reason((Throwable) failure));
    } else if (failure instanceof OutOfMemoryError) { // before the request had an exchange
      write(response, 503, Exchange.NO_MEMORY, callback);
      return true;
    } else if (failure instanceof IOException) { // the client closed before its request was whole
      status = 400;
      message = message(status, "the connection ended before the request did");
    } else if (status < 500) {
      message = message(status, String.valueOf(HttpStatus.getMessage(status)));
    } else {
      LOG.error(
          "{} {} failed",
          request.getMethod(),
          request.getHttpURI().getPath(),
          failure instanceof Throwable e ? e : null);
      message = "the server failed; its log says how";
    }
    write(response, status, Answer.error(message), callback);
    return true;
  }

  /** Returns the status to answer with where Jetty would answer with another. */
  private static int status(int code) {
    return switch (code) {
      case HttpStatus.UPGRADE_REQUIRED_426 -> 400; // it would need the header Upgrade
      case HttpStatus.SERVICE_UNAVAILABLE_503 -> code;
      default -> code < 500 ? code : 400; // 501 and 505 are also the client's fault
    };
  }

  private static void write(Response response, int status, Answer answer, Callback callback) {
    byte[] body = answer.body();
    response.setStatus(status);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, answer.contentType());
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
    response.write(true, ByteBuffer.wrap(body), callback);
  }

  private static String message(int status, String reason) {
    return switch (status) {
      case 414 -> "expected a shorter URI (" + reason + ")";
      case 431 -> "expected headers of at most 8 KiB (" + reason + ")";
      default -> "expected a well-formed HTTP/1.1 request: " + reason;
    };
  }

  /** Returns Jetty's reason as one line of printable characters. */
  static String reason(Throwable failure) {
    String reason = failure instanceof HttpException e ? e.getReason() : failure.getMessage();
    if (reason == null && failure instanceof HttpException e) {
      reason = HttpStatus.getMessage(e.getCode());
    }
    String text = reason == null ? "it cannot be read" : reason; // no names of classes
    String printable = text.replaceAll("[^\\x20-\\x7e]", "?");
    return printable.length() <= 100 ? printable : printable.substring(0, 100);
  }
}
