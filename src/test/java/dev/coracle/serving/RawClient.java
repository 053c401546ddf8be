// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Sends any bytes to a server and reads HTTP answers; no HTTP library would send the wrong ones.
 */
final class RawClient implements Closeable {

  private static final int PATIENCE_MS = 20_000;

  private final Socket socket = new Socket();
  private final InputStream in;
  private @Nullable SocketException reset;

  /** Connects with a receive buffer of {@code receiveBytes}, or the system's where it is 0. */
  RawClient(int port, int receiveBytes) throws IOException {
    if (receiveBytes > 0) {
      socket.setReceiveBufferSize(receiveBytes);
    }
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(PATIENCE_MS);
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), PATIENCE_MS);
    in = new BufferedInputStream(socket.getInputStream());
  }

  RawClient(int port) throws IOException {
    this(port, 0);
  }

  /**
   * An answer.
   *
   * @param headers by their names in lower case; of several the last one
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Reply(int status, Map<String, String> headers, byte[] body) {

    String text() {
      return new String(body, ISO_8859_1);
    }

    @Nullable String header(String name) {
      return headers.get(name.toLowerCase(Locale.ROOT));
    }

    boolean closes() {
      return "close".equalsIgnoreCase(header("Connection"));
    }

    @Override
    public String toString() {
      return status + " " + headers + " " + text().substring(0, Math.min(300, body.length));
    }
  }

  RawClient send(String text) throws IOException {
    return send(text.getBytes(ISO_8859_1));
  }

  RawClient send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    return this;
  }

  /** Sends as much as the server takes: it may close the connection meanwhile. */
  boolean trySend(byte[] bytes) {
    try {
      send(bytes);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Says that nothing more will be sent. */
  void finish() throws IOException {
    socket.shutdownOutput();
  }

  /** Makes {@link #close} tell the server at once that answers reach nobody. */
  void abort() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  /** Sets for how long {@link #reply} waits; then it throws SocketTimeoutException. */
  RawClient patience(int millis) throws SocketException {
    socket.setSoTimeout(millis);
    return this;
  }

  /** Reads an answer with a body, or returns null where the server has closed the connection. */
  @Nullable Reply reply() throws IOException {
    return reply(true);
  }

  /** Reads an answer that must be there. */
  Reply get() throws IOException {
    Reply reply = reply();
    if (reply == null) {
      EOFException none = new EOFException("the server closed the connection without an answer");
      none.initCause(reset);
      throw none;
    }
    return reply;
  }

  @Nullable Reply reply(boolean hasBody) throws IOException {
    String first = line();
    if (first == null) {
      return null;
    }
    if (!first.matches("HTTP/1\\.1 [1-5]\\d\\d( .*)?")) {
      throw new IOException("expected a status line, got " + first);
    }
    int status = Integer.parseInt(first.substring(9, 12));
    Map<String, String> headers = new LinkedHashMap<>();
    for (String line = line(); line == null || !line.isEmpty(); line = line()) {
      int colon = line == null ? -1 : line.indexOf(':');
      if (line == null || colon < 1) {
        throw new IOException("expected a header, got " + line);
      }
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
    byte[] body = hasBody ? in.readNBytes(length) : new byte[0];
    if (hasBody && body.length < length) {
      throw new EOFException("expected a body of " + length + " bytes, got " + body.length);
    }
    return new Reply(status, headers, body);
  }

  /** Returns a line without its end, or null where the connection was closed before it. */
  private @Nullable String line() throws IOException {
    StringBuilder line = new StringBuilder();
    while (true) {
      int next;
      try {
        next = in.read();
      } catch (SocketException e) { // reset, with bytes of ours not read
        reset = e;
        next = -1;
      }
      if (next < 0) {
        if (line.length() > 0) {
          throw new EOFException("the answer ends after " + line);
        }
        return null;
      }
      if (next == '\n') {
        return line.toString();
      }
      if (next != '\r') {
        line.append((char) next);
      }
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
