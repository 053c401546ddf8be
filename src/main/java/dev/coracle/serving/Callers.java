// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import dev.coracle.protocol.RequestException;
import java.net.InetSocketAddress;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/** Says who may change what is served. */
final class Callers {

  /** Hosts that no other site can take as its own, as it can a name that it lets lead here. */
  private static final Pattern OWN_HOST =
      Pattern.compile("(localhost|[0-9.]+|\\[[0-9a-f:.]+])(:[0-9]+)?");

  private Callers() {}

  /** Throws RequestException 403 unless the request was made on this machine, by no web page. */
  static void checkLocal(Exchange exchange) {
    Request request = exchange.request();
    if (!isLoopback(request) || isForwarded(request.getHeaders())) {
      throw new RequestException(403, "models are reloaded from the server's own machine only");
    }
    checkNoForeignPage(exchange);
  }

  private static boolean isLoopback(Request request) {
    return request.getConnectionMetaData().getRemoteSocketAddress() instanceof InetSocketAddress a
        && a.getAddress().isLoopbackAddress();
  }

  /** Tells whether it came by way of a proxy, whose address says nothing of the client's. */
  private static boolean isForwarded(HttpFields headers) {
    return headers.contains(HttpHeader.FORWARDED) || headers.contains(HttpHeader.X_FORWARDED_FOR);
  }

  /**
   * Throws RequestException 403 for what a page of another site had a browser send: it needs no
   * permission for that where it does not want to read the answer.
   */
  static void checkNoForeignPage(Exchange exchange) {
    HttpFields headers = exchange.request().getHeaders();
    String site = headers.get("Sec-Fetch-Site");
    boolean foreign = site != null && !site.equals("same-origin") && !site.equals("none");
    String origin = headers.get(HttpHeader.ORIGIN);
    if (foreign || (origin != null && !isOwn(origin, headers.get(HttpHeader.HOST)))) {
      throw new RequestException(
          403, "expected a program's request, got one of a web page that is not this server's");
    }
  }

  private static boolean isOwn(String origin, @Nullable String host) {
    return host != null && OWN_HOST.matcher(host).matches() && origin.equals("http://" + host);
  }
}
