// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import java.util.concurrent.Executor;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.internal.HttpConnection;
import org.eclipse.jetty.util.thread.TryExecutor;

/**
 * An HTTP/1.1 connection that, once a request is answered, waits for the next one until the
 * selector sees it. Jetty's own wakes another thread to look for it at once, in vain where clients
 * wait for their answers. The base class is an internal one of Jetty, which has no other place for
 * this.
 */
final class KeepAliveConnection extends HttpConnection {

  private final Executor executor =
      new TryExecutor() {
        @Override
        public void execute(Runnable task) {
          if (!waitForNext(task)) {
            KeepAliveConnection.super.getExecutor().execute(task);
          }
        }

        @Override
        public boolean tryExecute(Runnable task) {
          return KeepAliveConnection.super.getExecutor() instanceof TryExecutor pool
              && pool.tryExecute(task);
        }
      };

  KeepAliveConnection(HttpConfiguration configuration, Connector connector, EndPoint endPoint) {
    super(configuration, connector, endPoint);
  }

  @Override
  protected Executor getExecutor() {
    return executor;
  }

  /** Jetty executes the connection itself once a request has been answered. */
  private boolean waitForNext(Runnable task) {
    if (task != this
        || !isRequestBufferEmpty()
        || !(getEndPoint() instanceof PeekingEndPoint endPoint)) {
      return false;
    }
    endPoint.pretendEmpty();
    onFillable(); // gives back the buffer, and registers
    return true;
  }
}
