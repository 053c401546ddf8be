// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import dev.coracle.CoracleException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.ByteBufferPool;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves an image classifier over HTTP. Thread-safe. Whoever starts a server closes it.
 *
 * <pre>{@code
 * ServerOptions options = ServerOptions.builder().model(Path.of("mnist.onnx")).build();
 * try (InferenceServer server = InferenceServer.start(options)) {
 *   System.out.println(server.uri()); // http://127.0.0.1:8080
 *   server.awaitClose();
 * }
 * }</pre>
 */
public final class InferenceServer implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(InferenceServer.class);

  private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

  /** Bounds the memory that decoding takes, which is several times a body's. */
  private static final int MAX_DECODERS = 4;

  /** A batch that takes less may run on a thread that reads from the network. */
  private static final long QUICK_NANOS = 1_000_000;

  private static final String CANNOT_RELOAD = "cannot reload; the earlier model stays";

  private final ServerOptions options;
  private final Metrics metrics = new Metrics();
  private final Health health = new Health();
  private final Exchanges exchanges;
  private final Batcher batcher;
  private final Models models;
  private final Inference inference;
  private final Watchdog watchdog;
  private final Loader loader = new Loader();
  private final Routes routes = new Routes();
  private final Server jetty;
  private final ServerConnector connector;
  private final CountDownLatch end = new CountDownLatch(1);
  private boolean closed;
  private volatile int port;

  private InferenceServer(ServerOptions options) {
    this.options = options;
    Budget budget = new Budget(options.maxPendingBytes());
    metrics.bytes("coracle.pending", "Bytes of bodies and images held by requests.", budget);
    this.exchanges = new Exchanges(budget, health);
    this.batcher =
        new Batcher(PROCESSORS, options.maxBatch(), options.maxQueue(), QUICK_NANOS, metrics);
    this.models = new Models(batcher, options, metrics);
    this.inference =
        new Inference(
            options.maxBodyBytes(), Math.min(PROCESSORS, MAX_DECODERS), options.maxQueue());
    this.watchdog = new Watchdog(options, exchanges);
    addRoutes();
    this.jetty = jetty();
    this.connector = new HttpConnector(jetty, options.host(), options.port());
    connector.addBean(watchdog);
    jetty.addConnector(connector);
    jetty.addBean(new NetworkConnectionLimit(options.maxConnections(), jetty));
  }

  /**
   * Listens, loads the model, tries it out, and returns once requests are answered. Until then the
   * health routes report that the server is not ready. Its threads are daemons: a program that has
   * nothing else to do waits with {@link #awaitClose}.
   *
   * @throws CoracleException if the server cannot listen on the address; if the model cannot be
   *     loaded, as {@link dev.coracle.inference.Classifier#open} says; if the model fails; or if
   *     the thread is interrupted
   */
  public static InferenceServer start(ServerOptions options) {
    Path file = options.model();
    FileWatch watch = file != null && options.watch() ? new FileWatch(file) : null;
    // In parallel with the rest of the start, which takes as long.
    FutureTask<Models.@Nullable Opened> opening =
        new FutureTask<>(() -> file == null ? null : Models.open(file, options));
    Thread opener = new Thread(opening, "coracle-opener");
    opener.setDaemon(true);
    opener.start();
    InferenceServer server = new InferenceServer(options);
    try {
      server.listen();
      Models.Opened opened = await(opening);
      if (file != null && opened != null) {
        server.models.add(options.name(), file, opened);
      }
      server.ready(watch);
      return server;
    } catch (RuntimeException | Error e) {
      server.close();
      closeOpened(opening);
      throw e;
    }
  }

  private static Models.@Nullable Opened await(Future<Models.@Nullable Opened> opening) {
    try {
      return opening.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) e.getCause(); // opening throws no other exceptions
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CoracleException("interrupted while the model was being opened", e);
    }
  }

  /** Closes the model of a server that could not start, for instance because its port is taken. */
  private static void closeOpened(Future<Models.@Nullable Opened> opening) {
    try {
      Models.Opened opened = await(opening);
      if (opened != null) {
        opened.classifier().close();
      }
    } catch (RuntimeException | Error e) {
      LOG.debug("the model had not been opened", e); // which may be why the server did not start
    }
  }

  private void addRoutes() {
    InfoRoutes.addTo(routes, metrics);
    if (options.model() != null) {
      InfoRoutes.addPageTo(routes);
    }
    new InferenceRoutes(options, health, models, inference).addTo(routes);
    new OpenInferenceRoutes(health, models, inference, loader).addTo(routes);
    if (options.modelsFolder() != null) {
      new MultiModelRoutes(options, models, inference, loader).addTo(routes);
    }
  }

  private Server jetty() {
    QueuedThreadPool threads = new QueuedThreadPool(Math.max(8, 2 * PROCESSORS + 4), 4);
    threads.setName("coracle-http");
    threads.setDaemon(true);
    Server server = new Server(threads);
    server.setDynamic(false); // else Jetty cannot know that the handler never blocks
    server.setHandler(new Dispatcher(routes, exchanges));
    server.setErrorHandler(new Errors());
    server.setRequestLog(new RequestLines(metrics, options.requestLog()));
    server.setStopTimeout(0); // requests have been waited for before
    return server;
  }

  private void listen() {
    try {
      jetty.start();
      port = connector.getLocalPort();
      watchdog.start();
    } catch (IOException e) {
      throw new CoracleException(
          "cannot listen on %s, port %d: %s; choose another host or port (--host, --port of the command)"
              .formatted(options.host(), options.port(), CoracleException.reason(e)),
          e);
    } catch (RuntimeException e) {
      throw e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CoracleException("interrupted while the server was starting", e);
    } catch (Exception e) {
      throw new CoracleException("cannot start the server: " + e.getMessage(), e);
    }
  }

  private void ready(@Nullable FileWatch watch) {
    if (watch != null) { // on the loader, since a reload may take long
      watchdog.every(FileWatch.PERIOD_MS, () -> loader.run(() -> reloadIfChanged(watch)));
    }
    health.ready();
    loader.run(metrics::addJvm);
    LOG.debug("serving on {} with {} processors", uri(), PROCESSORS);
  }

  private void reloadIfChanged(FileWatch watch) {
    if (!watch.hasChanged()) {
      return;
    }
    try {
      Models.Loaded fresh = models.reloadIfOther(options.name());
      watch.loaded();
      if (fresh != null) {
        LOG.info("reloaded {}, version {}", options.name(), fresh.version());
      }
    } catch (CoracleException e) {
      LOG.error(CANNOT_RELOAD + ": {}", e.getMessage());
    } catch (RuntimeException | Error e) { // such as no memory, which may be there later
      LOG.error(CANNOT_RELOAD, e);
    }
  }

  /** Returns the table of routes. */
  Routes routes() {
    return routes;
  }

  Models models() {
    return models;
  }

  ByteBufferPool buffers() {
    return jetty.getByteBufferPool();
  }

  /** Returns where the server is, for example {@code http://127.0.0.1:8080}. */
  public URI uri() {
    String host = options.host().contains(":") ? "[" + options.host() + "]" : options.host();
    return URI.create("http://" + host + ":" + port());
  }

  /** Returns the port that the server listens on, or did until it was closed. */
  public int port() {
    return port;
  }

  /**
   * Reloads the model from its file; meanwhile, and if that fails, the earlier one answers.
   *
   * @throws CoracleException as {@link #start} does
   * @throws IllegalStateException if the server was started with a folder of models, or is closed
   */
  public void reload() {
    if (options.model() == null) {
      throw new IllegalStateException(
          "this server was started with a folder of models, so there is no single model to reload");
    }
    synchronized (this) {
      if (closed) {
        throw new IllegalStateException("the server is closed; start another one");
      }
    }
    models.reload(options.name());
  }

  /** Returns when the server has been closed. */
  public void awaitClose() throws InterruptedException {
    end.await();
  }

  /**
   * Stops listening, answers the requests under way, each as the last one on its connection, and
   * frees the models. Waits for the requests at most {@link ServerOptions.Builder#drainTimeout};
   * those not answered by then are cut off. A second call does nothing.
   */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    health.draining();
    connector.close(); // no new connections; existing ones stay
    awaitExchanges();
    boolean interrupted = Thread.interrupted(); // Jetty would stop half
    try {
      jetty.stop();
    } catch (Exception e) {
      LOG.warn("the HTTP server did not stop in order", e);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    inference.close();
    batcher.close();
    loader.close();
    models.close();
    watchdog.close();
    metrics.close();
    end.countDown();
  }

  /**
   * Waits until no request is under way, and for a moment longer, as a client may just be sending
   * its next one. Later requests are refused with 503.
   */
  private void awaitExchanges() {
    long end = System.nanoTime() + options.drainTimeout().toNanos();
    int quiet = 0;
    boolean interrupted = false;
    while (!(quiet >= 5 && exchanges.closeIfEmpty()) && System.nanoTime() < end) {
      try {
        TimeUnit.MILLISECONDS.sleep(10);
      } catch (InterruptedException e) {
        interrupted = true;
      }
      quiet = exchanges.isEmpty() ? quiet + 1 : 0;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
