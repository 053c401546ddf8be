// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;

/** The numbers that {@code GET /metrics} shows. Thread-safe. */
final class Metrics implements AutoCloseable {

  /** Upper bounds of the latency histograms. */
  private static final Duration[] LATENCIES = {
    Duration.ofNanos(500_000),
    Duration.ofMillis(1),
    Duration.ofNanos(2_500_000),
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(25),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(250),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofMillis(2500),
    Duration.ofSeconds(10),
    Duration.ofSeconds(60)
  };

  private record Request(String route, String method, int status) {}

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final ConcurrentMap<Request, Timer> requests = new ConcurrentHashMap<>();
  private final JvmGcMetrics gc = new JvmGcMetrics();
  private final Timer inference;
  private final DistributionSummary batch;
  private final MultiGauge models;

  Metrics() {
    inference =
        Timer.builder("coracle.inference")
            .description("Time of one call of a model, for all images of its batch.")
            .serviceLevelObjectives(LATENCIES)
            .register(registry);
    batch =
        DistributionSummary.builder("coracle.batch.size")
            .description("Images that ran together.")
            .serviceLevelObjectives(1, 2, 4, 8, 16, 32, 64, 128)
            .register(registry);
    models =
        MultiGauge.builder("coracle.model.info")
            .description("1 for each model that is loaded, with its version.")
            .register(registry);
  }

  /** Adds the JVM's metrics; separately, as that takes a tenth of the time allowed for a start. */
  void addJvm() {
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    gc.bindTo(registry);
  }

  void gauge(String name, String description, IntSupplier value) {
    Gauge.builder(name, value::getAsInt).description(description).register(registry);
  }

  void bytes(String name, String description, Budget budget) {
    Gauge.builder(name, budget, Budget::used)
        .description(description)
        .baseUnit("bytes")
        .register(registry);
  }

  /** Counts an answer. The route is its template, so that there are few of them. */
  void request(String route, String method, int status, long nanos) {
    requests
        .computeIfAbsent(new Request(route, method, status), this::timer)
        .record(nanos, TimeUnit.NANOSECONDS);
  }

  private Timer timer(Request request) {
    return Timer.builder("http.server.requests")
        .description("Time from a request's first byte to the end of its answer.")
        .tags(
            Tags.of(
                "uri", request.route,
                "method", request.method,
                "status", Integer.toString(request.status)))
        .serviceLevelObjectives(LATENCIES)
        .register(registry);
  }

  /** Counts a call of a model that has succeeded. */
  void batch(int images, long nanos) {
    batch.record(images);
    inference.record(nanos, TimeUnit.NANOSECONDS);
  }

  /** Counts a reload of a model, by its outcome. */
  void reload(boolean success) {
    Counter.builder("coracle.model.reloads")
        .description("Reloads of a model's file.")
        .tag("outcome", success ? "success" : "failure")
        .register(registry)
        .increment();
  }

  void models(Collection<Models.Loaded> loaded) {
    models.register(
        loaded.stream()
            .map(m -> MultiGauge.Row.of(Tags.of("model", m.name(), "version", m.version()), 1))
            .toList(),
        true);
  }

  /** Returns all numbers in Prometheus' text format 0.0.4. */
  String text() {
    return registry.scrape();
  }

  @Override
  public void close() {
    gc.close();
    registry.close();
  }
}
