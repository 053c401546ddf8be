// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.internal.HttpConnection;

/** Accepts connections, and makes them of the classes that this package has for them. */
final class HttpConnector extends ServerConnector {

  /** Idle timeout of a connection; longer than load balancers keep theirs. */
  private static final int IDLE_MS = 75_000;

  /** Buffer of a connection while it reads: an image of 16 kB as JSON fits, or 32 as bytes. */
  private static final int INPUT_BUFFER = 32 << 10;

  private static final int ACCEPT_QUEUE = 1024;

  /** As many as can run models: a request that is alone is answered on its selector's thread. */
  private static final int SELECTORS = Runtime.getRuntime().availableProcessors();

  HttpConnector(Server server, String host, int port) {
    super(server, 1, SELECTORS, new Factory());
    setHost(host);
    setPort(port);
    setIdleTimeout(IDLE_MS);
    setAcceptQueueSize(ACCEPT_QUEUE);
  }

  @Override
  protected SocketChannelEndPoint newEndPoint(
      SocketChannel channel, ManagedSelector selector, SelectionKey key) {
    SocketChannelEndPoint endPoint = new PeekingEndPoint(channel, selector, key, getScheduler());
    endPoint.setIdleTimeout(getIdleTimeout());
    return endPoint;
  }

  private static final class Factory extends HttpConnectionFactory {

    Factory() {
      super(configuration());
    }

    private static HttpConfiguration configuration() {
      HttpConfiguration made = new HttpConfiguration();
      made.setSendServerVersion(false);
      made.setInputBufferSize(INPUT_BUFFER);
      return made;
    }

    @Override
    public Connection newConnection(Connector connector, EndPoint endPoint) {
      HttpConnection made = new KeepAliveConnection(getHttpConfiguration(), connector, endPoint);
      made.setTransferEncodingChunkMaxLength(getTransferEncodingChunkMaxLength());
      return configure(made, connector, endPoint);
    }
  }
}
