// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import dev.coracle.protocol.Answer;
import dev.coracle.protocol.RequestException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpHeaderValue;
import org.eclipse.jetty.http.PreEncodedHttpField;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One request and its answer, which is written once, by the first who tries. Thread-safe. */
final class Exchange {

  private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);

  /** Request attribute under which the request log finds the exchange. */
  static final String ATTRIBUTE = "dev.coracle.exchange";

  static final String CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes";

  /** Status for log and metrics, as in nginx; it is never sent. */
  private static final int CLIENT_GONE = 499;

  /** Made in advance, as there may be no memory for it when it is needed. */
  static final Answer NO_MEMORY =
      Answer.error(
          "the server has no memory for a request like this; send fewer images, or smaller pictures");

  private static final Pattern VISIBLE_ASCII = Pattern.compile("[\\x20-\\x7e]{0,1024}");
  private static final HttpField RETRY_AFTER = new PreEncodedHttpField(HttpHeader.RETRY_AFTER, "1");
  private static final HttpField CLOSE =
      new PreEncodedHttpField(HttpHeader.CONNECTION, HttpHeaderValue.CLOSE.asString());

  /** Headers of an answer after which the connection cannot be read on. */
  static final HttpFields CLOSING = HttpFields.from(CLOSE);

  private final Request request;
  private final Response response;
  private final Callback callback;
  private final String route;
  private final Exchanges all;
  private final AtomicBoolean answered = new AtomicBoolean();
  private volatile boolean bodyPending;

  private final boolean admitted;
  private volatile boolean reading;
  private volatile boolean withoutDeadline;
  private volatile long answerNanos;
  private volatile int withoutMemory = 503;

  // Under this object's lock.
  private long reserved;
  private Batcher.@Nullable Lane lane;
  private boolean ended;

  // For the request log.
  private volatile Models.@Nullable Loaded model;
  private volatile int images;

  Exchange(Request request, Response response, Callback callback, String route, Exchanges all) {
    this.request = request;
    this.response = response;
    this.callback = callback;
    this.route = route;
    this.all = all;
    request.setAttribute(ATTRIBUTE, this);
    // Jetty's idle timeout would end a request that waits for its answer; deadlines do that here.
    request.addIdleTimeoutListener(timeout -> false);
    // Called however the request ends, even if Jetty answers it itself.
    Request.addCompletionListener(request, failure -> end());
    admitted = all.add(this);
  }

  /** Tells whether the request came before the server was closed. */
  boolean isAdmitted() {
    return admitted;
  }

  Request request() {
    return request;
  }

  /** Returns the template of the route. */
  String route() {
    return route;
  }

  @Nullable String header(HttpHeader name) {
    return request.getHeaders().get(name);
  }

  Connection connection() {
    return request.getConnectionMetaData().getConnection();
  }

  /** Tells whether no other request was there when this one was read. */
  boolean isAlone() {
    return connection().getEndPoint() instanceof PeekingEndPoint endPoint && endPoint.isAlone();
  }

  void bodyPending(boolean pending) {
    bodyPending = pending;
  }

  /** Says that the body is being read, from now on possibly by other threads. */
  void reading() {
    reading = true;
  }

  boolean bodyPending() {
    return bodyPending;
  }

  Duration age() {
    return Duration.ofNanos(System.nanoTime() - request.getBeginNanoTime());
  }

  /** Makes this request, which has entered a model's lane, leave it when it is answered. */
  synchronized void using(Models.Loaded model) {
    this.model = model;
    if (ended || isAnswered()) {
      model.lane().exit();
    } else {
      lane = model.lane();
    }
  }

  /** Records the number of images in the request, for the log. */
  void images(int images) {
    this.images = images;
  }

  Models.@Nullable Loaded model() {
    return model;
  }

  int images() {
    return images;
  }

  /**
   * Sets the bytes that this request holds; returns false, unchanged, if that is too much or the
   * request has ended.
   */
  synchronized boolean reserve(long bytes) {
    if (ended || (bytes > reserved && !all.budget().take(bytes - reserved))) {
      return false;
    }
    if (bytes < reserved) {
      all.budget().give(reserved - bytes);
    }
    reserved = bytes;
    return true;
  }

  /**
   * Does what {@link #reserve} does, and answers where it returns false: with 413 if an idle server
   * could not hold the bytes either, else with 503.
   */
  boolean reserveOrFail(long bytes) {
    if (reserve(bytes)) {
      return true;
    }
    long limit = all.budget().limit();
    if (bytes > limit) {
      fail(
          413,
          "expected a request that takes at most %d bytes of memory, got one of %d; send fewer images a request"
              .formatted(limit, bytes));
    } else {
      fail(503, "the server has reached its limit of request bytes in memory; try again");
    }
    return false;
  }

  /** Sets the status to answer with when memory runs out; 503 by default. */
  void withoutMemory(int status) {
    withoutMemory = status;
  }

  /** Removes the deadline: loading a model cannot be abandoned halfway. */
  void withoutDeadline() {
    withoutDeadline = true;
  }

  boolean hasDeadline() {
    return !withoutDeadline;
  }

  /** Returns the time since the answer was begun; 0 before that. */
  Duration answerAge() {
    long since = answerNanos;
    return since == 0 ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - since);
  }

  /** Returns the value of a parameter in the query, or null. */
  @Nullable String query(String name) {
    try {
      return Request.extractQueryParameters(request).getValue(name);
    } catch (RuntimeException e) { // the type depends on what is wrong with it
      throw new RequestException(400, "expected a well-formed query, name=value, in UTF-8");
    }
  }

  boolean isAnswered() {
    return answered.get();
  }

  /** Tells whether the client has closed its side, so that an answer would reach nobody. */
  boolean isClientGone() {
    EndPoint endPoint = connection().getEndPoint();
    return !endPoint.isOpen()
        || (endPoint instanceof PeekingEndPoint peeking && peeking.isPeerGone());
  }

  /** Gives up without an answer, since the client is gone. */
  void abandon() {
    if (answered.compareAndSet(false, true)) {
      answerNanos = System.nanoTime();
      response.setStatus(CLIENT_GONE);
      connection().getEndPoint().close();
      callback.succeeded();
    }
  }

  void answer(Answer answer) {
    answer(200, answer);
  }

  void answer(int status, Answer answer) {
    answer(status, answer, HttpFields.EMPTY);
  }

  /** Answers with a status and no body. */
  void answer(int status) {
    answer(status, null, HttpFields.EMPTY);
  }

  void fail(RequestException e) {
    fail(e.status(), String.valueOf(e.getMessage()));
  }

  /** Answers after an unexpected failure: the fault is this program's or the model's. */
  void failed(Throwable failure) {
    if (failure instanceof OutOfMemoryError) {
      answer(withoutMemory, NO_MEMORY);
      return;
    }
    LOG.error("{} failed", route, failure);
    fail(500, "the server failed; its log says how");
  }

  void fail(int status, String message) {
    fail(status, message, HttpFields.EMPTY);
  }

  void fail(int status, String message, HttpFields headers) {
    answer(status, Answer.error(message), headers);
  }

  void answer(int status, @Nullable Answer answer, HttpFields headers) {
    if (!answered.compareAndSet(false, true)) {
      return;
    }
    answerNanos = System.nanoTime();
    try {
      write(status, answer, headers);
    } catch (RuntimeException | Error e) { // such as no memory: nobody else will end the request
      callback.failed(e);
      LOG.error("the answer of {} could not be written", route, e);
    }
  }

  private void write(int status, @Nullable Answer answer, HttpFields headers) {
    byte[] body = answer == null ? new byte[0] : answer.body();
    leave(); // so that a client that reads slowly holds neither the images nor the model
    response.setStatus(status);
    HttpFields.Mutable fields = response.getHeaders();
    fields.add(headers);
    if (answer != null) {
      fields.put(HttpHeader.CONTENT_TYPE, answer.contentType());
    }
    if (status != 204) {
      fields.put(HttpHeader.CONTENT_LENGTH, body.length);
    }
    if (status == 503) {
      fields.put(RETRY_AFTER);
    }
    // A short body that has already arrived is skipped; waiting for one would cost more than it
    // saves.
    boolean unread = bodyPending && (reading || !request.consumeAvailable());
    if (all.isDraining() || unread) {
      fields.put(CLOSE);
    }
    String attributes = request.getHeaders().get(CUSTOM_ATTRIBUTES);
    if (attributes != null && isValidAttributes(attributes)) {
      fields.put(CUSTOM_ATTRIBUTES, attributes);
    }
    response.write(true, ByteBuffer.wrap(body), callback);
  }

  /** Tells whether SageMaker allows a value of {@link #CUSTOM_ATTRIBUTES}. */
  static boolean isValidAttributes(String value) {
    return VISIBLE_ASCII.matcher(value).matches();
  }

  private synchronized void leave() {
    reserve(0);
    if (lane != null) {
      lane.exit();
      lane = null;
    }
  }

  private synchronized void end() {
    if (!ended) {
      leave();
      ended = true;
      if (admitted) {
        all.remove(this);
      }
    }
  }
}
