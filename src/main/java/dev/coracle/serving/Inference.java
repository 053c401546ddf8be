// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import dev.coracle.inference.ModelCodec;
import dev.coracle.protocol.Answer;
import dev.coracle.protocol.PictureReader;
import dev.coracle.protocol.Query;
import dev.coracle.protocol.RequestBody;
import dev.coracle.protocol.RequestException;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpHeader;
import org.jspecify.annotations.Nullable;

/** Takes requests for a model through their stages: body, decoding, batch, answer. Thread-safe. */
final class Inference implements AutoCloseable {

  /**
   * A body up to this size is decoded on the thread that read it; a longer one would hold up other
   * requests.
   */
  private static final int SMALL_BODY = 1 << 16;

  private static final Answer BUSY = Answer.error("too many requests are waiting; try again");

  private final int maxBodyBytes;
  private final ThreadPoolExecutor decoders;

  /** Decodes large pictures, one at a time: each takes much memory. */
  private final ThreadPoolExecutor largeDecoder;

  /**
   * @param decoders threads that decode long bodies and small pictures, one at a time each
   * @param maxQueue bodies that may wait for one of them
   */
  Inference(int maxBodyBytes, int decoders, int maxQueue) {
    this.maxBodyBytes = maxBodyBytes;
    this.decoders = pool(decoders, maxQueue);
    this.largeDecoder = pool(1, maxQueue);
  }

  private static ThreadPoolExecutor pool(int threads, int maxQueue) {
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            threads,
            threads,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(maxQueue),
            task -> {
              Thread thread = new Thread(task, "coracle-decoder");
              thread.setDaemon(true);
              return thread;
            });
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  /** Turns a body into a query for a model, in the way of one route. */
  interface Decoder {
    Query decode(Models.Loaded model, RequestBody body);
  }

  /**
   * @param model that the exchange uses
   */
  void handle(Exchange exchange, Models.Loaded model, Decoder decoder) {
    String attributes = exchange.request().getHeaders().get(Exchange.CUSTOM_ATTRIBUTES);
    if (attributes != null && !Exchange.isValidAttributes(attributes)) {
      throw new RequestException(
          400, "expected at most 1024 visible ASCII characters in " + Exchange.CUSTOM_ATTRIBUTES);
    }
    if (model.lane().isFull()) { // checked before the body is read: the quickest refusal
      exchange.answer(503, BUSY);
      return;
    }
    BodyReader.read(exchange, maxBodyBytes, bytes -> decode(exchange, model, decoder, bytes));
  }

  private void decode(Exchange exchange, Models.Loaded model, Decoder decoder, byte[] bytes) {
    String type = exchange.header(HttpHeader.CONTENT_TYPE);
    String encoding = exchange.header(HttpHeader.CONTENT_ENCODING);
    boolean quick = bytes.length <= SMALL_BODY && encoding == null && !RequestBody.isPicture(type);
    if (quick) {
      decodeNow(exchange, model, decoder, bytes);
    } else {
      submit(decoders, exchange, () -> decompress(exchange, model, decoder, bytes));
    }
  }

  private static void submit(ThreadPoolExecutor pool, Exchange exchange, Runnable task) {
    try {
      pool.execute(
          () -> {
            if (exchange.isClientGone()) {
              exchange.abandon();
            } else if (!exchange.isAnswered()) {
              task.run();
            }
          });
    } catch (RejectedExecutionException e) { // too many wait, or the server is closing
      exchange.answer(503, BUSY);
    }
  }

  private void decompress(Exchange exchange, Models.Loaded model, Decoder decoder, byte[] bytes) {
    try {
      String encoding = exchange.header(HttpHeader.CONTENT_ENCODING);
      if (!exchange.reserveOrFail(RequestBody.decodedBytes(encoding, bytes, maxBodyBytes))) {
        return;
      }
      byte[] content = RequestBody.decoded(encoding, bytes, maxBodyBytes);
      if (RequestBody.isPicture(exchange.header(HttpHeader.CONTENT_TYPE))
          && PictureReader.isLarge(content)) {
        submit(largeDecoder, exchange, () -> decodeNow(exchange, model, decoder, content));
      } else {
        decodeNow(exchange, model, decoder, content);
      }
    } catch (RequestException e) {
      exchange.fail(e);
    } catch (RuntimeException | Error e) {
      exchange.failed(e);
    }
  }

  private void decodeNow(Exchange exchange, Models.Loaded model, Decoder decoder, byte[] content) {
    try {
      RequestBody body =
          new RequestBody(exchange.header(HttpHeader.CONTENT_TYPE), accept(exchange), content);
      Query query = decoder.decode(model, body);
      int images = query.images().size();
      exchange.images(images);
      if (!exchange.reserveOrFail(bytes(model.codec(), query))) {
        return;
      }
      Job job = new Job(query.images(), new Waiting(exchange, query));
      if (exchange.isAlone() && model.lane().runNow(job)) {
        return; // without a wait for another thread, and none of another request for this one
      }
      if (!model.lane().submit(job)) {
        exchange.answer(503, BUSY);
      }
    } catch (RequestException e) {
      exchange.fail(e);
    } catch (RuntimeException | Error e) {
      exchange.failed(e);
    }
  }

  /** Returns the header Accept, of which several lines make one list. */
  private static @Nullable String accept(Exchange exchange) {
    List<String> values = exchange.request().getHeaders().getValuesList(HttpHeader.ACCEPT);
    return values.isEmpty() ? null : String.join(", ", values);
  }

  private static long bytes(ModelCodec codec, Query query) {
    long pixels = (long) codec.rows() * codec.columns();
    boolean raw = query.images().get(0) instanceof byte[];
    return query.images().size() * pixels * (raw ? 1 : Float.BYTES);
  }

  /** The part of an exchange that waits in a batcher. */
  private record Waiting(Exchange exchange, Query query) implements Job.Owner {

    @Override
    public boolean isWanted() {
      if (exchange.isAnswered()) {
        return false; // its deadline has passed
      }
      if (exchange.age().toMillis() >= 2 && exchange.isClientGone()) {
        exchange.abandon();
        return false;
      }
      return true;
    }

    @Override
    public void done(float[] scores) {
      try {
        exchange.answer(query.answer(scores));
      } catch (RequestException e) {
        exchange.fail(e);
      } catch (RuntimeException | Error e) {
        exchange.failed(e);
      }
    }

    @Override
    public void failed(Throwable failure) {
      exchange.failed(failure);
    }
  }

  @Override
  public void close() {
    decoders.shutdown();
    largeDecoder.shutdown();
  }
}
