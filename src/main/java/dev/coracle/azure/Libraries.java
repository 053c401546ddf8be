// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import dev.coracle.AtomicFile.Content;
import dev.coracle.CoracleException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/**
 * Finds those jars of this program that a function needs, each by one of its classes. That works
 * however the program was started: from a distribution, by Maven's exec:java, in an application.
 */
final class Libraries {

  /** Set by the script of a distribution to the distribution's folder. */
  private static final String HOME = "coracle.home";

  private static final String CORACLE = "dev/coracle/azure/FunctionArchive.class";
  private static final String ONNX_RUNTIME = "ai/onnxruntime/OrtEnvironment.class";

  /** Copied unchanged. Azure's worker brings azure-functions-java-core-library and Gson. */
  private static final Map<String, String> PLAIN =
      Map.of(
          "com.fasterxml.jackson.core:jackson-core",
          "com/fasterxml/jackson/core/JsonFactory.class",
          "com.microsoft.azure.functions:azure-functions-java-library",
          "com/microsoft/azure/functions/annotation/FunctionName.class");

  private static final String NATIVE = "ai/onnxruntime/native/";

  /** The platform on which Azure runs Java functions on Linux; it offers none for aarch64. */
  private static final String PLATFORM = "linux-x64";

  private static final Map<String, String> NATIVE_FILES =
      Map.of(
          "libonnxruntime.so", NATIVE + PLATFORM + "/libonnxruntime.so",
          "libonnxruntime4j_jni.so", NATIVE + PLATFORM + "/libonnxruntime4j_jni.so");

  private Libraries() {}

  /** Returns Coracle's jar; in a checkout, makes one of the folder with its classes. */
  static Content coracle() throws IOException {
    URL place = find(CORACLE);
    if (place != null && place.getProtocol().equals("file")) {
      Path classes =
          path(place.toString().substring(0, place.toString().length() - CORACLE.length()));
      SortedMap<String, Content> entries = folder(classes);
      entries.put(
          JarFile.MANIFEST_NAME,
          out -> out.write("Manifest-Version: 1.0\r\n\r\n".getBytes(StandardCharsets.UTF_8)));
      return out -> FunctionArchive.zip(entries, Deflater.DEFAULT_COMPRESSION, out);
    }
    Path jar = jar("dev.coracle:coracle", CORACLE);
    return out -> Files.copy(jar, out);
  }

  private static SortedMap<String, Content> folder(Path folder) throws IOException {
    SortedMap<String, Content> entries = new TreeMap<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        String name = folder.relativize(file).toString().replace('\\', '/');
        entries.put(name, out -> Files.copy(file, out));
      }
    }
    return entries;
  }

  /** Returns the other jars by their file names. */
  static Map<String, Content> others() throws IOException {
    SortedMap<String, Content> jars = new TreeMap<>();
    for (Map.Entry<String, String> library : PLAIN.entrySet()) {
      Path jar = jar(library.getKey(), library.getValue());
      jars.put(jar.getFileName().toString(), out -> Files.copy(jar, out));
    }
    Path onnxRuntime = jar("com.microsoft.onnxruntime:onnxruntime", ONNX_RUNTIME);
    Path natives = natives(onnxRuntime);
    jars.put(
        onnxRuntime.getFileName().toString(), out -> writeOnnxRuntime(onnxRuntime, natives, out));
    if (jars.size() <= PLAIN.size()) {
      throw new CoracleException(
          "expected each library in a jar of its own, found %s for %d of them; package from a distribution or a checkout of Coracle"
              .formatted(jars.keySet(), PLAIN.size() + 1));
    }
    return jars;
  }

  private static @Nullable URL find(String resource) {
    return Libraries.class.getClassLoader().getResource(resource);
  }

  private static Path path(String uri) throws IOException {
    try {
      return Path.of(new URI(uri));
    } catch (URISyntaxException | IllegalArgumentException e) {
      throw new IOException(uri + " is no file", e);
    }
  }

  private static Path jar(String library, String resource) throws IOException {
    URL place = find(resource);
    if (place != null && place.openConnection() instanceof JarURLConnection connection) {
      return path(connection.getJarFileURL().toString());
    }
    throw new CoracleException(
        "the archive needs the jar of %s, and %s; add it to the class path"
            .formatted(
                library,
                place == null ? "its classes are not there" : "its classes are in " + place));
  }

  /** Returns the folder of the native libraries, or null where the jar has them. */
  private static @Nullable Path natives(Path onnxRuntime) throws IOException {
    try (JarFile jar = new JarFile(onnxRuntime.toFile())) {
      if (NATIVE_FILES.values().stream().allMatch(name -> jar.getEntry(name) != null)) {
        return null;
      }
    }
    String home = System.getProperty(HOME);
    Path folder = home == null ? null : Path.of(home, "native");
    if (folder != null && isForLinuxX64(folder)) {
      return folder;
    }
    throw new CoracleException(
        "Azure needs ONNX Runtime's libraries for %s, and they are neither in %s nor in %s; package with a distribution for Linux x64, or in a checkout of Coracle"
            .formatted(PLATFORM, onnxRuntime, folder == null ? "a distribution" : folder));
  }

  private static boolean isForLinuxX64(Path folder) throws IOException {
    for (String name : NATIVE_FILES.keySet()) {
      Path file = folder.resolve(name);
      if (!Files.isRegularFile(file)) {
        return false;
      }
      try (InputStream in = Files.newInputStream(file)) {
        byte[] header = in.readNBytes(20); // elf(5): the magic number, …, e_machine
        byte[] start = {0x7f, 'E', 'L', 'F', 2, 1};
        if (header.length < 20
            || !Arrays.equals(start, Arrays.copyOf(header, start.length))
            || header[18] != 62 // EM_X86_64
            || header[19] != 0) {
          return false;
        }
      }
    }
    return true;
  }

  private static void writeOnnxRuntime(Path file, @Nullable Path natives, OutputStream out)
      throws IOException {
    try (JarFile jar = new JarFile(file.toFile())) {
      SortedMap<String, Content> entries = new TreeMap<>();
      for (JarEntry entry : jar.stream().toList()) {
        if (!entry.isDirectory() && isKept(entry.getName())) {
          entries.put(entry.getName(), to -> copy(jar.getInputStream(entry), to));
        }
      }
      if (natives != null) {
        NATIVE_FILES.forEach(
            (name, entry) ->
                entries.put(entry, to -> copy(Files.newInputStream(natives.resolve(name)), to)));
      }
      // The outer archive compresses; with this jar uncompressed, a new instance only copies the
      // libraries, which is faster.
      FunctionArchive.zip(entries, Deflater.NO_COMPRESSION, out);
    }
  }

  private static boolean isKept(String name) {
    return !name.startsWith(NATIVE) || NATIVE_FILES.containsValue(name);
  }

  /** Copies in pieces of fixed size, on which the bytes of even an uncompressed zip depend. */
  private static void copy(InputStream source, OutputStream out) throws IOException {
    try (source) {
      byte[] piece = new byte[1 << 16];
      for (int n = source.readNBytes(piece, 0, piece.length); n > 0; ) {
        out.write(piece, 0, n);
        n = source.readNBytes(piece, 0, piece.length);
      }
    }
  }
}
