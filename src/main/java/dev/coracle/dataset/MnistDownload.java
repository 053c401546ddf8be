// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import dev.coracle.AtomicFile;
import dev.coracle.CoracleException;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * Downloads the four files of MNIST into a folder, anonymously, from the public bucket of Amazon
 * SageMaker's examples or from a mirror. Only content with the published SHA-256 enters the folder,
 * by an atomic move, and a file that already has that content is not fetched again.
 *
 * <h2>What becomes of existing files</h2>
 *
 * No file is deleted or overwritten. One with other content, which may be damaged or somebody's
 * data in another form, stays in place until its successor is verified, and is then renamed to the
 * first free name of {@code NAME.old}, {@code NAME.old.1} and so on. A complete idx file of the
 * same form with other content makes the download fail, as Fashion-MNIST uses the same names, and
 * so does a file that cannot be read.
 */
public final class MnistDownload {

  /** Largest compressed file that is accepted; the largest of MNIST has 9.9 MB. */
  static final long MAX_BYTES = 16L << 20;

  /** Receives the progress of a download, on the thread that called {@link MnistDownload#fetch}. */
  public interface ProgressListener {

    /**
     * Reports that {@code bytesDone} of {@code bytesTotal} (-1: not known) bytes of a file have
     * arrived.
     */
    void onProgress(String file, long bytesDone, long bytesTotal);
  }

  /**
   * Says where a file is now.
   *
   * @param source the address it was fetched from, or null when it already existed
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
    String home = System.getProperty("user.home", "?");
    if (home.equals("?")) { // a user without an entry in passwd, as in some containers
      home = System.getenv().getOrDefault("HOME", ".");
    }
    return Path.of(home, ".cache", "coracle", "mnist");
  }

  /**
   * Fetches the files that are missing or have other content, one after the other, and returns
   * where all of them are. Throws a CoracleException that names every source and why it failed, or
   * the existing file that cannot be read or belongs to another set; the file concerned is then
   * unchanged, and no temporary file is left.
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
    setAside(plain); // readers would take it before the .gz
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
        failures.add("\n  " + uri + ": " + e.getMessage());
        last = e;
        continue;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CoracleException(
            "The download of " + uri + " was interrupted; start it again", e);
      }
      if (!isThere(file, target)) { // another process may have put one there
        replace(target, body);
      }
      return uri;
    }
    throw new CoracleException(
        ("cannot fetch " + file.gzName() + "; check the network, name another source, or copy the")
            + " file from the folder datasets/mnist of a checkout"
            + String.join("", failures),
        last);
  }

  private static void verify(MnistFile file, byte[] body) throws IOException {
    String difference = file.difference(new ByteArrayInputStream(body));
    if (difference != null) {
      throw new RefusedException("what it sent is not the published file: " + difference);
    }
  }

  /**
   * Returns whether a file exists with the right content; false when it is missing or may be set
   * aside. Throws CoracleException for one that cannot be read and for a sound one of another set.
   */
  private static boolean isThere(MnistFile file, Path path) {
    if (Files.notExists(path)) {
      return false;
    }
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      throw new CoracleException(
          path + " is not a regular file; move it away or choose another folder");
    }
    try {
      if (isPublished(file, path)) {
        return true;
      }
      if (!isSound(file, path)) {
        return false;
      }
    } catch (IOException e) {
      throw new CoracleException(
          ("Cannot read " + path + ": " + CoracleException.reason(e))
              + "; it is not replaced, so make it readable, move it away or choose another folder",
          e);
    }
    throw new CoracleException(
        path
            + " is a complete idx file with another content than MNIST's; it is not replaced, so"
            + " move it away or choose another folder");
  }

  private static boolean isPublished(MnistFile file, Path path) throws IOException {
    try (InputStream raw = Files.newInputStream(path)) {
      return file.difference(raw) == null;
    } catch (EOFException | ZipException e) { // of the content: plain reading throws neither
      return false;
    }
  }

  private static boolean isSound(MnistFile file, Path path) throws IOException {
    try (InputStream raw = Files.newInputStream(path)) {
      IdxFile.parse(path, Files.size(path), raw, file.rank());
      return true;
    } catch (CoracleException e) {
      return false;
    }
  }

  /** Sets aside what is at {@code target}; moves it back when the new file cannot be written. */
  private static void replace(Path target, byte[] body) {
    Path aside = setAside(target);
    try {
      AtomicFile.write(target, out -> out.write(body));
    } catch (IOException e) {
      String old = "";
      if (aside != null) {
        try {
          Files.move(aside, target);
        } catch (IOException suppressed) {
          e.addSuppressed(suppressed);
          old = "; what was there is now " + aside;
        }
      }
      throw new CoracleException(
          "Cannot write " + target + ": " + CoracleException.reason(e) + old, e);
    }
  }

  /** Renames a file, or the link to one, and returns its new path; null when there is none. */
  private static @Nullable Path setAside(Path path) {
    if (!Files.exists(path)) {
      return null;
    }
    try {
      Path aside = reserve(path);
      try {
        return Files.move(path, aside, StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException e) {
        Files.deleteIfExists(aside); // empty, and made here
        throw e;
      }
    } catch (IOException e) {
      throw new CoracleException(
          ("Cannot rename " + path + " to set it aside: " + CoracleException.reason(e))
              + "; move it away or choose another folder",
          e);
    }
  }

  /** Creates an empty file under the first free name, so that no other process takes that name. */
  private static Path reserve(Path path) throws IOException {
    for (int i = 0; ; i++) {
      Path aside = path.resolveSibling(path.getFileName() + ".old" + (i == 0 ? "" : "." + i));
      try {
        return Files.createFile(aside);
      } catch (FileAlreadyExistsException e) {
        // The next one.
      }
    }
  }
}
