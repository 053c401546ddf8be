// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import dev.coracle.CoracleException;
import dev.coracle.inference.Classifier;
import dev.coracle.inference.EncodedImage;
import dev.coracle.inference.ModelCodec;
import dev.coracle.protocol.Query;
import dev.coracle.protocol.RequestBody;
import dev.coracle.protocol.RequestException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The models that are loaded, by name. Thread-safe; loads run one after another.
 *
 * <p>A request keeps the model that it finds here until its end: it is decoded for that model's
 * input, run on it and answered with its labels. A model that has been replaced or unloaded is
 * closed when the last of its requests is done.
 */
final class Models {

  static final String NAME_RULE =
      "1 to 256 letters, digits, dots, hyphens and underscores, of which the first is no dot";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,255}");

  /** Most names in a message: an endpoint may have thousands of models. */
  private static final int MAX_NAMES = 10;

  /** Number of digits of a file's SHA-256 that make up its version. */
  private static final int VERSION_DIGITS = 12;

  private final Batcher batcher;
  private final ServerOptions options;
  private final Metrics metrics;
  private volatile SortedMap<String, Loaded> loaded = new TreeMap<>();
  private boolean closed;

  Models(Batcher batcher, ServerOptions options, Metrics metrics) {
    this.batcher = batcher;
    this.options = options;
    this.metrics = metrics;
  }

  /**
   * A model that is ready.
   *
   * @param version the first digits of the SHA-256 of the file
   * @param url SageMaker's name for the place it came from
   */
  record Loaded(
      String name, String version, Path file, String url, ModelCodec codec, Batcher.Lane lane) {}

  static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }

  /** Returns the models in the order of their names; an unchanging snapshot. */
  Collection<Loaded> all() {
    return loaded.values();
  }

  @Nullable Loaded find(String name) {
    return loaded.get(name);
  }

  /**
   * Returns a model for an exchange, which keeps it open until it ends.
   *
   * @throws RequestException 404 if there is none of this name
   */
  Loaded use(String name, Exchange exchange) {
    Loaded model = get(name);
    while (!model.lane().enter()) {
      model = get(name); // it has just been replaced, or is gone
    }
    exchange.using(model);
    return model;
  }

  /** Returns a model, or throws RequestException 404. */
  Loaded get(String name) {
    Loaded model = loaded.get(name);
    if (model == null) {
      throw new RequestException(
          404,
          "no model is named '%s'; loaded: %s"
              .formatted(isName(name) ? name : "…", names(loaded.keySet())));
    }
    return model;
  }

  private static String names(Set<String> all) {
    String first = all.stream().limit(MAX_NAMES).collect(Collectors.joining(", "));
    return all.size() <= MAX_NAMES ? first : first + " and others, %d in all".formatted(all.size());
  }

  /**
   * Loads a file and tries it out.
   *
   * @throws RequestException 409 if there is a model of this name
   * @throws CoracleException as {@link Classifier#open(Path, ModelOptions)} does, or if it fails
   */
  synchronized Loaded load(String name, Path file, String url) {
    checkFree(name);
    Loaded model = open(name, file, url);
    put(model);
    return model;
  }

  /** Adds the first model, which has been opened elsewhere. */
  synchronized void add(String name, Path file, Opened opened) {
    put(loaded(name, file, file.toString(), opened));
  }

  /** Throws RequestException 409 if there is a model of this name. */
  void checkFree(String name) {
    if (loaded.containsKey(name)) {
      throw new RequestException(
          409, "a model named '" + name + "' is loaded; unload it first, or take another name");
    }
  }

  /**
   * Opens a model's file again and replaces the model; if that fails, which throws as load does,
   * the old one stays.
   */
  synchronized Loaded reload(String name) {
    Loaded old = get(name);
    try {
      Loaded fresh = open(name, old.file(), old.url());
      put(fresh);
      old.lane().close();
      metrics.reload(true);
      return fresh;
    } catch (RuntimeException | Error e) {
      metrics.reload(false);
      throw e;
    }
  }

  /** Reloads a model, but returns null where its file has the content that is loaded. */
  synchronized @Nullable Loaded reloadIfOther(String name) {
    Loaded old = get(name);
    return version(old.file()).equals(old.version()) ? null : reload(name);
  }

  /** Removes a model; the future completes when its memory is free. */
  synchronized CompletableFuture<@Nullable Void> unload(String name) {
    Loaded old = get(name);
    SortedMap<String, Loaded> rest = new TreeMap<>(loaded);
    rest.remove(name);
    set(rest);
    old.lane().close();
    return old.lane().freed();
  }

  /** Removes all models; to be called once the batcher has finished its jobs. */
  synchronized void close() {
    closed = true;
    Collection<Loaded> all = loaded.values();
    loaded = new TreeMap<>();
    all.forEach(model -> model.lane().close());
  }

  private void put(Loaded model) {
    if (closed) { // else nobody would close the model
      model.lane().close();
      throw new RequestException(503, Health.DRAINING);
    }
    SortedMap<String, Loaded> more = new TreeMap<>(loaded);
    more.put(model.name(), model);
    set(more);
  }

  private void set(SortedMap<String, Loaded> models) {
    loaded = models;
    metrics.models(models.values());
  }

  private Loaded open(String name, Path file, String url) {
    return loaded(name, file, url, open(file, options));
  }

  private Loaded loaded(String name, Path file, String url, Opened opened) {
    Classifier classifier = opened.classifier;
    return new Loaded(
        name, opened.version, file, url, classifier.codec(), batcher.lane(classifier));
  }

  /** A model that has been tried out, and the version of its file. */
  record Opened(Classifier classifier, String version) {}

  /** Opens a file and tries it out; throws as {@link #load} does. */
  static Opened open(Path file, ServerOptions options) {
    for (int attempt = 1; ; attempt++) {
      FileWatch.State before = FileWatch.State.of(file);
      String version = version(file);
      Classifier classifier = Classifier.open(file, options.modelOptions());
      try {
        tryOut(classifier, options.defaultAccept());
        // The version is that of the bytes that run, unless somebody wrote to the file meanwhile.
        if (attempt == 3 || Objects.equals(before, FileWatch.State.of(file))) {
          return new Opened(classifier, version);
        }
      } catch (RuntimeException | Error e) {
        classifier.close();
        throw e;
      }
      classifier.close();
    }
  }

  /** Runs the model, once by way of JSON, to load the classes that the first request needs. */
  private static void tryOut(Classifier classifier, String defaultAccept) {
    ModelCodec codec = classifier.codec();
    String row = "0,".repeat(codec.rows() * codec.columns() - 1) + "0";
    Query json =
        Query.invocation(
            codec,
            new RequestBody(null, null, ("[[" + row + "]]").getBytes(StandardCharsets.US_ASCII)),
            defaultAccept);
    byte[] everyGrey = new byte[codec.rows() * codec.columns()];
    float[] values = new float[everyGrey.length];
    for (int i = 0; i < everyGrey.length; i++) {
      everyGrey[i] = (byte) i;
      values[i] = i % 2;
    }
    classifier.classify(everyGrey);
    classifier.classify(List.of(new EncodedImage(values)));
    json.answer(classifier.scores(json.images()));
  }

  /**
   * Returns the first digits of a regular file's SHA-256, or "" for anything else, which cannot be
   * opened anyway.
   */
  private static String version(Path file) {
    if (!Files.isRegularFile(file)) {
      return "";
    }
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      new DigestInputStream(in, digest).transferTo(OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(digest.digest()).substring(0, VERSION_DIGITS);
    } catch (IOException e) {
      throw new CoracleException(file + " cannot be read: " + CoracleException.reason(e), e);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
