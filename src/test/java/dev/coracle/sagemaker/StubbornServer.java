// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Answers everything by the status that its first argument says, and never ends by itself. */
public final class StubbornServer {

  private StubbornServer() {}

  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(System.getenv("SAGEMAKER_BIND_TO_PORT"));
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.createContext(
        "/",
        exchange -> {
          boolean ping = exchange.getRequestURI().getPath().equals("/ping");
          exchange.sendResponseHeaders(ping ? 200 : Integer.parseInt(args[0]), -1);
          exchange.close();
        });
    server.start();
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  try {
                    Thread.sleep(Long.MAX_VALUE);
                  } catch (InterruptedException e) {
                    throw new AssertionError(e);
                  }
                }));
  }
}
