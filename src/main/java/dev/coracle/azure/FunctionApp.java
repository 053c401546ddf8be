// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import dev.coracle.CoracleException;
import dev.coracle.TemporaryFolder;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/** A function app, unpacked and loaded: its functions by their paths, in lower case. */
final class FunctionApp implements AutoCloseable {

  private static final int MAX_ENTRIES = 10_000;
  private static final long MAX_BYTES = 2L << 30;

  private final Path folder;
  private final @Nullable TemporaryFolder temporary;
  private final URLClassLoader loader;
  private final Map<String, HttpFunction> functions;

  private FunctionApp(
      Path folder,
      @Nullable TemporaryFolder temporary,
      URLClassLoader loader,
      Map<String, HttpFunction> functions) {
    this.folder = folder;
    this.temporary = temporary;
    this.loader = loader;
    this.functions = functions;
  }

  /**
   * Opens a zip file, which is unpacked into a temporary folder, or a folder.
   *
   * @throws CoracleException if something is missing or is not as expected
   */
  static FunctionApp open(Path archive) {
    if (Files.isDirectory(archive)) {
      return load(archive, archive.toAbsolutePath().normalize(), null);
    }
    TemporaryFolder temporary = TemporaryFolder.create();
    boolean isOpen = false;
    try {
      unpack(archive, temporary.path());
      FunctionApp app = load(archive, temporary.path(), temporary);
      isOpen = true;
      return app;
    } catch (ZipException e) { // its messages are about internals of the format
      throw new CoracleException(
          "cannot unpack %s; expected a zip file of an Azure function app: it is no zip file, or a damaged one"
              .formatted(archive),
          e);
    } catch (IOException e) {
      throw new CoracleException(
          "cannot unpack %s; expected a zip file of an Azure function app: %s"
              .formatted(archive, CoracleException.reason(e)),
          e);
    } finally {
      if (!isOpen) {
        temporary.close();
      }
    }
  }

  Map<String, HttpFunction> functions() {
    return functions;
  }

  /** Returns the folder with the app's files. */
  Path folder() {
    return folder;
  }

  private static FunctionApp load(Path archive, Path folder, @Nullable TemporaryFolder temporary) {
    URLClassLoader loader = null;
    try {
      if (!Files.isRegularFile(folder.resolve("host.json"))) {
        throw new CoracleException(
            archive + " has no host.json at its root; expected a function app");
      }
      List<FunctionJson> descriptions = descriptions(folder);
      if (descriptions.isEmpty()) {
        throw new CoracleException(
            archive + " has no folder with a function.json; expected one for each function");
      }
      String prefix = FunctionJson.routePrefix(folder.resolve("host.json"));
      loader = new URLClassLoader(jars(folder, descriptions), new WorkerClasses());
      Map<String, HttpFunction> functions = new TreeMap<>();
      for (FunctionJson json : descriptions) {
        String path = ("/" + prefix + "/" + json.route()).replaceAll("/+", "/");
        functions.put(path.toLowerCase(Locale.ROOT), HttpFunction.find(json, path, loader));
      }
      return new FunctionApp(folder, temporary, loader, functions);
    } catch (IOException | RuntimeException e) {
      close(loader);
      if (e instanceof RuntimeException runtime) {
        throw runtime;
      }
      throw new CoracleException(
          "cannot read %s: %s".formatted(folder, CoracleException.reason((IOException) e)), e);
    }
  }

  private static List<FunctionJson> descriptions(Path folder) throws IOException {
    try (Stream<Path> children = Files.list(folder)) {
      return children
          .filter(child -> Files.isRegularFile(child.resolve("function.json")))
          .sorted()
          .map(FunctionJson::read)
          .toList();
    }
  }

  /** Returns the jars of the functions, then lib/*.jar, as the worker has them. */
  private static URL[] jars(Path folder, List<FunctionJson> descriptions) throws IOException {
    Set<Path> jars = new LinkedHashSet<>();
    for (FunctionJson json : descriptions) {
      Path jar = folder.resolve(json.name()).resolve(json.scriptFile()).normalize();
      if (!jar.startsWith(folder) || !Files.isRegularFile(jar)) {
        throw new CoracleException(
            "function %s: its scriptFile %s is not in the archive"
                .formatted(json.name(), json.scriptFile()));
      }
      jars.add(jar);
    }
    Path lib = folder.resolve("lib");
    if (Files.isDirectory(lib)) {
      try (Stream<Path> files = Files.list(lib)) {
        files.filter(file -> file.toString().endsWith(".jar")).sorted().forEach(jars::add);
      }
    }
    List<URL> urls = new ArrayList<>();
    for (Path jar : jars) {
      urls.add(jar.toUri().toURL());
    }
    return urls.toArray(URL[]::new);
  }

  private static void unpack(Path archive, Path folder) throws IOException {
    try (ZipFile zip = new ZipFile(archive.toFile())) {
      if (zip.size() > MAX_ENTRIES) {
        throw new IOException("it has more than %d entries".formatted(MAX_ENTRIES));
      }
      long room = MAX_BYTES;
      for (ZipEntry entry : zip.stream().toList()) {
        Path file = place(entry.getName(), folder);
        if (entry.isDirectory()) {
          Files.createDirectories(file);
          continue;
        }
        Files.createDirectories(file.getParent());
        try (InputStream in = zip.getInputStream(entry);
            OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW)) {
          room -= copy(in, out, room);
        } catch (FileAlreadyExistsException e) {
          throw new IOException("entry %s comes twice".formatted(entry.getName()), e);
        }
      }
    }
  }

  private static Path place(String name, Path folder) throws IOException {
    try {
      Path place = folder.resolve(name).normalize();
      if (place.startsWith(folder) && !place.equals(folder) && !name.contains("..")) {
        return place;
      }
    } catch (InvalidPathException e) {
      throw new IOException("entry '%s' has no valid name".formatted(name), e);
    }
    throw new IOException("entry '%s' would lie outside the folder".formatted(name));
  }

  private static long copy(InputStream in, OutputStream out, long room) throws IOException {
    byte[] buffer = new byte[1 << 16];
    long copied = 0;
    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
      copied += n;
      if (copied > room) {
        throw new IOException("it has more than %d GiB".formatted(MAX_BYTES >> 30));
      }
      out.write(buffer, 0, n);
    }
    return copied;
  }

  /** Closes the class loader and deletes the unpacked files; a folder that was passed in stays. */
  @Override
  public void close() {
    close(loader);
    if (temporary != null) {
      temporary.close();
    }
  }

  private static void close(@Nullable URLClassLoader loader) {
    try {
      if (loader != null) {
        loader.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
