// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import dev.coracle.AtomicFile;
import dev.coracle.CoracleException;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * Downloads the four files of MNIST into a folder, anonymously, from the public bucket of Amazon
 * SageMaker's examples or from a mirror. Only content with the published SHA-256 enters the folder,
 * by an atomic move, and what is there already with that content is not fetched again.
 *
 * <p>A damaged file is replaced once its successor is verified. A complete idx file with another
 * content is left alone and refused: Fashion-MNIST uses the same names.
 */
public final class MnistDownload {

  /** Largest compressed file that is accepted; the largest of MNIST has 9.9 MB. */
  static final long MAX_BYTES = 16L << 20;

  /** Hears how a download goes on, on the thread that called {@link MnistDownload#fetch}. */
  public interface ProgressListener {

    /** Tells that {@code bytesDone} of {@code bytesTotal} (-1: not known) of a file have come. */
    void onProgress(String file, long bytesDone, long bytesTotal);
  }

  /**
   * Tells where a file is now.
   *
   * @param source the address it was fetched from, or null when it was there already
   */
  public record Fetched(MnistFile file, Path path, @Nullable URI source) {}

  private final Path folder;
  private final List<URI> sources;
  private final List<MnistFile> files;
  private final ProgressListener progress;
  private final HttpFetch http;

  MnistDownload(MnistDownloadBuilder options) {
    this.folder = options.folder;
    this.sources = options.sources();
    this.files = options.files;
    this.progress = options.progress;
    this.http = options.http();
  }

  /** Starts a download into {@code folder}, which is created when it is missing. */
  public static MnistDownloadBuilder into(Path folder) {
    return new MnistDownloadBuilder(folder);
  }

  /** Returns the folder for data that several projects use: {@code ~/.cache/coracle/mnist}. */
  public static Path cacheFolder() {
    return Path.of(System.getProperty("user.home", "."), ".cache", "coracle", "mnist");
  }

  /**
   * Fetches what is missing or damaged, one file after the other, and returns where all of them
   * are. Throws CoracleException that names every source and why it failed; the files that were
   * there before are then still there, and no temporary one.
   */
  public List<Fetched> fetch() {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new CoracleException(
          "Cannot create the folder " + folder + ": " + CoracleException.reason(e), e);
    }
    List<Fetched> fetched = new ArrayList<>();
    for (MnistFile file : files) {
      fetched.add(fetch(file));
    }
    return List.copyOf(fetched);
  }

  private Fetched fetch(MnistFile file) {
    Path plain = folder.resolve(file.name());
    Path gz = folder.resolve(file.gzName());
    if (isThere(file, plain)) {
      return new Fetched(file, plain, null);
    }
    URI source = null;
    if (!isThere(file, gz)) {
      List<String> failures = new ArrayList<>();
      source = fetchFromAny(file, gz, failures);
    }
    delete(plain); // damaged, and readers would take it before the .gz
    return new Fetched(file, gz, source);
  }

  private URI fetchFromAny(MnistFile file, Path target, List<String> failures) {
    IOException last = null;
    for (URI source : sources) {
      URI uri = source.resolve(file.gzName());
      byte[] body;
      try {
        body =
            http.fetch(
                uri,
                bytes -> verify(file, bytes),
                (done, total) -> progress.onProgress(file.gzName(), done, total));
      } catch (IOException e) {
        failures.add(uri + ": " + e.getMessage());
        last = e;
        continue;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CoracleException(
            "The download of " + uri + " was interrupted; start it again", e);
      }
      write(target, body);
      return uri;
    }
    throw new CoracleException(
        ("Cannot fetch " + file.gzName() + " (" + String.join("; ", failures) + ")")
            + "; check the network, name another source, or copy the file from the folder"
            + " datasets/mnist of a checkout",
        last);
  }

  private static void verify(MnistFile file, byte[] body) throws IOException {
    String difference = file.difference(new ByteArrayInputStream(body));
    if (difference != null) {
      throw new RefusedException("what it sent is not the published file: " + difference);
    }
  }

  /** Returns whether a file is there with the right content; false when missing or damaged. */
  private static boolean isThere(MnistFile file, Path path) {
    if (!Files.exists(path)) {
      return false;
    }
    try (InputStream raw = Files.newInputStream(path)) {
      if (file.difference(raw) == null) {
        return true;
      }
    } catch (EOFException | ZipException e) {
      return false;
    } catch (IOException e) {
      throw new CoracleException("Cannot read " + path + ": " + CoracleException.reason(e), e);
    }
    try {
      IdxFile.read(path, file.rank());
    } catch (CoracleException e) {
      return false;
    }
    throw new CoracleException(
        path
            + " is a complete idx file with another content than MNIST's; it is not replaced, so"
            + " move it away or choose another folder");
  }

  private static void write(Path target, byte[] body) {
    try {
      AtomicFile.write(target, out -> out.write(body));
    } catch (IOException e) {
      throw new CoracleException("Cannot write " + target + ": " + CoracleException.reason(e), e);
    }
  }

  private static void delete(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new CoracleException("Cannot delete " + path + ": " + CoracleException.reason(e), e);
    }
  }
}
