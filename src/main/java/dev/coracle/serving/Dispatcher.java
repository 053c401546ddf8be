// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import dev.coracle.protocol.RequestException;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Finds the route of a request. Runs on the threads that read from the network: never blocks. */
final class Dispatcher extends Handler.Abstract.NonBlocking {

  /** Name in metrics and log for all paths without a route, whose number is unbounded. */
  static final String NO_ROUTE = "none";

  private final Routes routes;
  private final Exchanges exchanges;

  Dispatcher(Routes routes, Exchanges exchanges) {
    this.routes = routes;
    this.exchanges = exchanges;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    if (isPipelined(request)) { // let other connections have their turn: it may have sent thousands
      request
          .getComponents()
          .getExecutor()
          .execute(
              () -> {
                try {
                  dispatch(request, response, callback);
                } catch (RuntimeException | Error e) { // otherwise Jetty does this
                  callback.failed(e);
                }
              });
    } else {
      dispatch(request, response, callback);
    }
    return true;
  }

  private static boolean isPipelined(Request request) {
    return request.getConnectionMetaData().getConnection().getEndPoint()
            instanceof PeekingEndPoint endPoint
        && !endPoint.isFirstSinceRead();
  }

  private void dispatch(Request request, Response response, Callback callback) {
    String path = Request.getPathInContext(request);
    String method = request.getMethod();
    Routes.Match match = routes.find(path);
    String name = match == null ? NO_ROUTE : match.route().template();
    Exchange exchange = new Exchange(request, response, callback, name, exchanges);
    // Pending until a route reads it: an answer before that must close the connection.
    exchange.bodyPending(request.getLength() != 0 && hasBody(request));
    try {
      if (!exchange.isAdmitted()) {
        exchange.fail(503, Health.DRAINING);
        return;
      }
      if (hasOtherCoding(request)) {
        exchange.fail(
            501,
            "expected the Transfer-Encoding chunked or none; to compress a body, send Content-Encoding: gzip",
            Exchange.CLOSING);
        return;
      }
      if (match == null) {
        exchange.fail(404, "no such route; GET /openapi.json lists all");
        return;
      }
      Routes.Action action = match.route().action(method);
      if (action != null) {
        action.handle(exchange, match.parameters());
        return;
      }
      HttpFields allow =
          HttpFields.build().add(HttpHeader.ALLOW, match.route().allowed()).asImmutable();
      if (method.equals("OPTIONS")) {
        exchange.answer(204, null, allow);
      } else {
        exchange.fail(
            405, "expected one of %s for %s".formatted(match.route().allowed(), name), allow);
      }
    } catch (RequestException e) {
      exchange.fail(e);
    } catch (RuntimeException | Error e) {
      exchange.failed(e);
    }
  }

  /** Jetty undoes chunked, and passes on what a coding before it in the list has made. */
  private static boolean hasOtherCoding(Request request) {
    return request.getHeaders().contains(HttpHeader.TRANSFER_ENCODING)
        && !request.getHeaders().getCSV(HttpHeader.TRANSFER_ENCODING, false).stream()
            .allMatch("chunked"::equalsIgnoreCase);
  }

  private static boolean hasBody(Request request) {
    return request.getLength() > 0 || request.getHeaders().contains(HttpHeader.TRANSFER_ENCODING);
  }
}
