// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.CoracleException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.stream.Stream;

/** Turns what a server of the library says of an address into words about a command's options. */
final class ListenMessage {

  private ListenMessage() {}

  /** Returns {@code e} itself where it is about something else, or the system has other words. */
  static CoracleException asOptions(CoracleException e, String host, int port) {
    String reason = reason(e);
    if (reason.contains("in use")) {
      return new CoracleException(
          "port %d on %s is already in use; choose another with --port".formatted(port, host), e);
    }
    if (reason.contains("assign requested address")
        || new InetSocketAddress(host, port).isUnresolved()) {
      return new CoracleException(
          "%s is no address of this machine; choose another with --host, such as 127.0.0.1, or 0.0.0.0 for all"
              .formatted(host),
          e);
    }
    return e;
  }

  private static String reason(Throwable e) {
    return Stream.iterate(e, cause -> cause != null, Throwable::getCause)
        .filter(BindException.class::isInstance)
        .map(cause -> String.valueOf(cause.getMessage()))
        .findFirst()
        .orElse("");
  }
}
