// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import dev.coracle.CoracleException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Collects the options of {@link MnistDownload}; every setter returns this builder.
 *
 * <p>{@link #DEFAULT_MIRROR} is asked after the region's bucket or the base URL. A source may take
 * 10 seconds to connect, be silent for 30 seconds and take 10 minutes for one file. After that, and
 * after a failure that may be temporary, it is asked again, up to three times.
 */
public final class MnistDownloadBuilder {

  /** The default region. */
  public static final String DEFAULT_REGION = "us-east-1";

  /** The default mirror: one of the two that torchvision uses. */
  public static final String DEFAULT_MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist/";

  // A label of a host name has at most 63 characters, and the bucket's name takes 29 of them.
  private static final Pattern REGION = Pattern.compile("[a-z0-9]([a-z0-9-]{0,32}[a-z0-9])?");

  private static final int MAX_PORT = 65_535;

  final Path folder;
  List<MnistFile> files = MnistFile.ALL;
  MnistDownload.ProgressListener progress = (file, done, total) -> {};
  private String region = DEFAULT_REGION;
  private @Nullable URI baseUrl;
  private List<URI> mirrors = List.of(url(DEFAULT_MIRROR));
  private Duration connectTimeout = Duration.ofSeconds(10);
  private Duration readTimeout = Duration.ofSeconds(30);
  private Duration deadline = Duration.ofMinutes(10);
  private int retries = 3;
  private Duration backoff = Duration.ofMillis(500);
  private HttpFetch.Sleeper sleeper = pause -> Thread.sleep(pause.toMillis());

  MnistDownloadBuilder(Path folder) {
    this.folder = folder;
  }

  /**
   * Sets the AWS region whose public SageMaker bucket is asked first; default us-east-1. Throws
   * CoracleException unless it is made of a-z, 0-9 and inner hyphens.
   */
  public MnistDownloadBuilder region(String region) {
    if (!REGION.matcher(region).matches()) {
      throw new CoracleException(
          "'" + region + "' cannot be a region: expected a-z, 0-9 and hyphens, as in us-east-1");
    }
    this.region = region;
    return this;
  }

  /**
   * Sets the folder on the web that is asked first, instead of the region's bucket; default none.
   * Throws CoracleException unless it is an http or https URL with a host, a port of 1 to 65535 or
   * none, and without user, query and fragment; plain http will do, as the content is verified.
   */
  public MnistDownloadBuilder baseUrl(String baseUrl) {
    this.baseUrl = url(baseUrl);
    return this;
  }

  /** Sets the listener for the progress; default none. */
  public MnistDownloadBuilder progress(MnistDownload.ProgressListener progress) {
    this.progress = progress;
    return this;
  }

  /**
   * Sets the sources asked next, in this order, each as for {@link #baseUrl}; tests have their own.
   */
  MnistDownloadBuilder mirrors(List<String> mirrors) {
    this.mirrors = mirrors.stream().map(MnistDownloadBuilder::url).toList();
    return this;
  }

  /** Sets how long making a connection may take, more than 0. */
  MnistDownloadBuilder connectTimeout(Duration connectTimeout) {
    this.connectTimeout = positive(connectTimeout, "connectTimeout");
    return this;
  }

  /** Sets how long a source may send nothing, before or in its answer, above 0; tests wait less. */
  MnistDownloadBuilder readTimeout(Duration readTimeout) {
    this.readTimeout = positive(readTimeout, "readTimeout");
    return this;
  }

  /** Sets how long one attempt to fetch one file may take as a whole, above 0; tests wait less. */
  MnistDownloadBuilder deadline(Duration deadline) {
    this.deadline = positive(deadline, "deadline");
    return this;
  }

  /** Sets how often a source that failed is asked again, 0 for never, at most 100. */
  MnistDownloadBuilder retries(int retries) {
    if (retries < 0 || retries > 100) {
      throw new IllegalArgumentException("retries (" + retries + ") must be 0 to 100");
    }
    this.retries = retries;
    return this;
  }

  /** Sets the pause before the first retry, doubled for each one after, above 0. */
  MnistDownloadBuilder backoff(Duration backoff) {
    this.backoff = positive(backoff, "backoff");
    return this;
  }

  /** Sets what is downloaded; tests have smaller files. */
  MnistDownloadBuilder files(List<MnistFile> files) {
    this.files = List.copyOf(files);
    return this;
  }

  /** Sets how the pauses are made; tests make none. */
  MnistDownloadBuilder sleeper(HttpFetch.Sleeper sleeper) {
    this.sleeper = sleeper;
    return this;
  }

  /** Returns the download, which has not begun. */
  public MnistDownload build() {
    return new MnistDownload(this);
  }

  List<URI> sources() {
    List<URI> sources = new ArrayList<>();
    sources.add(
        baseUrl != null
            ? baseUrl
            : url(
                // https://github.com/aws/amazon-sagemaker-examples reads MNIST from here
                "https://sagemaker-example-files-prod-"
                    + region
                    + ".s3.amazonaws.com/datasets/image/MNIST/"));
    sources.addAll(mirrors);
    return List.copyOf(sources);
  }

  HttpFetch http() {
    return new HttpFetch(
        connectTimeout, readTimeout, deadline, retries, backoff, sleeper, MnistDownload.MAX_BYTES);
  }

  private static Duration positive(Duration value, String name) {
    if (value.isZero() || value.isNegative()) {
      throw new IllegalArgumentException(name + " (" + value + ") must be positive");
    }
    return value;
  }

  private static URI url(String text) {
    try {
      URI uri = new URI(text.endsWith("/") ? text : text + "/");
      boolean http = "http".equalsIgnoreCase(uri.getScheme());
      boolean https = "https".equalsIgnoreCase(uri.getScheme());
      if ((http || https)
          && uri.getHost() != null
          && uri.getRawUserInfo() == null
          && uri.getRawQuery() == null
          && uri.getRawFragment() == null) {
        checkPort(text, uri.getPort());
        return uri;
      }
    } catch (URISyntaxException e) {
      // Its message says less than the one below.
    }
    throw new CoracleException(
        "Cannot download from the URL '"
            + text
            + "': expected http:// or https://, a host and a path");
  }

  private static void checkPort(String text, int port) {
    if (port != -1 && (port < 1 || port > MAX_PORT)) { // -1: none is given
      throw new CoracleException(
          ("The URL '" + text + "' has the port " + port)
              + ("; expected 1 to " + MAX_PORT + ", or none for the usual one"));
    }
  }
}
