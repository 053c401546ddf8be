// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnxruntime.OrtEnvironment;
import dev.coracle.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Keeps ONNX Runtime's native libraries unpacked in a folder of the user. Its Java binding unpacks
 * them, 28 MB, from its jar into {@code java.io.tmpdir} in every process, which takes most of the
 * startup time.
 *
 * <p>The folder is {@code coracle/native} in the user's cache: {@code $XDG_CACHE_HOME} or {@code
 * ~/.cache}, {@code ~/Library/Caches} on macOS, {@code %LOCALAPPDATA%} on Windows. The system
 * property {@code coracle.native.cache} names another one, or is {@code off}. Where one of ONNX
 * Runtime's own {@code onnxruntime.native.*} properties is set, those apply and nothing is kept.
 *
 * <p>How it works: below the folder there is one for each platform and content, named by the
 * library's CRC-32. Every start compares each file's size and CRC-32 with those in the jar's
 * directory, which takes a tenth of the time of unpacking, and unpacks what differs; a file appears
 * whole or not at all. The checksums detect damage; the protection against other users is that the
 * folders belong to the user and nobody else can write to them. If anything fails, the unpacking is
 * left to ONNX Runtime, with a {@link System.Logger} message at DEBUG.
 */
final class NativeLibraries {

  static final String CACHE = "coracle.native.cache";

  /** Set to the folder whose libraries are loaded: a JVM loads a file for one class loader only. */
  private static final String LOADED = "coracle.native.loaded";

  /** How long unused folders of other versions are kept, at least; deleted after an unpacking. */
  private static final Duration UNUSED = Duration.ofDays(30);

  private NativeLibraries() {}

  /**
   * Returns a folder with the libraries for {@code onnxruntime.native.path}, or null where ONNX
   * Runtime is to unpack them itself. Returns it once per process, then null.
   */
  static @Nullable Path folder() {
    try {
      Path cache = cache();
      URL library = OrtEnvironment.class.getResource(resource()); // does not initialise the class
      if (cache == null || library == null || isChosenByUser()) {
        return null;
      }
      Path folder = unpack(cache, library);
      return System.getProperties().putIfAbsent(LOADED, folder.toString()) == null ? folder : null;
    } catch (IOException | RuntimeException e) { // an invalid path, a security manager
      log("ONNX Runtime unpacks its libraries itself", e);
      return null;
    }
  }

  private static void log(String what, Exception e) {
    System.getLogger(NativeLibraries.class.getName()).log(System.Logger.Level.DEBUG, what, e);
  }

  private static boolean isChosenByUser() {
    for (String property : System.getProperties().stringPropertyNames()) {
      if (property.startsWith("onnxruntime.native.")) {
        return true;
      }
    }
    return false;
  }

  private static @Nullable Path cache() {
    String chosen = System.getProperty(CACHE);
    if (chosen != null && !chosen.isEmpty()) {
      return chosen.equals("off") ? null : Path.of(chosen).toAbsolutePath();
    }
    Path home = Path.of(System.getProperty("user.home"));
    Path caches =
        switch (system()) {
          case "osx" -> home.resolve("Library/Caches");
          case "win" -> folder(System.getenv("LOCALAPPDATA"), home.resolve("AppData/Local"));
          default -> folder(System.getenv("XDG_CACHE_HOME"), home.resolve(".cache"));
        };
    // A user without an entry in passwd, as in some containers, has the home "?".
    return caches.isAbsolute() ? caches.resolve("coracle").resolve("native") : null;
  }

  /** Returns the folder that a variable names, if absolute, as XDG demands, else the other. */
  private static Path folder(@Nullable String variable, Path otherwise) {
    return variable != null && Path.of(variable).isAbsolute() ? Path.of(variable) : otherwise;
  }

  private static String system() {
    String name = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    return name.contains("mac") ? "osx" : name.contains("win") ? "win" : "linux";
  }

  /** Returns the library's path in ONNX Runtime's jars for this platform, as in its OnnxRuntime. */
  private static String resource() {
    String name = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    String architecture = name.equals("amd64") || name.equals("x86_64") ? "x64" : name;
    String library = System.mapLibraryName("onnxruntime");
    return "/ai/onnxruntime/native/" + system() + "-" + architecture + "/" + library;
  }

  /**
   * Unpacks this library and those beside it in its jar, unless that has been done, and returns
   * their folder.
   *
   * @throws IOException if the cache cannot or must not be used, or the libraries are not in a jar
   *     or not to be unpacked
   */
  static Path unpack(Path cache, URL library) throws IOException {
    if (!(library.openConnection() instanceof JarURLConnection connection)) {
      throw new IOException("expected the libraries in a jar, found " + library);
    }
    connection.setUseCaches(false); // so that the jar is closed below
    try (JarFile jar = connection.getJarFile()) {
      String main = connection.getEntryName();
      String source = main.substring(0, main.lastIndexOf('/') + 1);
      List<JarEntry> libraries = libraries(jar, source);
      Path folder = cache.resolve(name(source, jar.getJarEntry(main)));
      createPrivateFolder(cache);
      createPrivateFolder(folder);
      boolean unpacked = false;
      for (JarEntry entry : libraries) {
        Path file = folder.resolve(entry.getName().substring(source.length()));
        if (!isIntact(file, entry)) {
          unpack(jar, entry, file);
          unpacked = true;
        }
        if (!Files.isExecutable(file)) {
          throw new IOException(folder + " is on a file system that runs no programs (noexec)");
        }
      }
      Files.setLastModifiedTime(folder, FileTime.from(Instant.now()));
      if (unpacked) {
        try {
          deleteUnused(cache);
        } catch (IOException e) { // not fatal: the libraries are unpacked
          log("an unused folder in " + cache + " cannot be deleted", e);
        }
      }
      return folder;
    }
  }

  private static String name(String source, JarEntry main) {
    String platform = source.substring(source.lastIndexOf('/', source.length() - 2) + 1);
    return "onnxruntime-" + platform.replace("/", "-") + Long.toHexString(main.getCrc());
  }

  private static List<JarEntry> libraries(JarFile jar, String source) throws IOException {
    List<JarEntry> libraries = new ArrayList<>();
    for (Enumeration<JarEntry> all = jar.entries(); all.hasMoreElements(); ) {
      JarEntry entry = all.nextElement();
      String name = entry.getName();
      if (name.startsWith(source)
          && name.indexOf('/', source.length()) < 0
          && !entry.isDirectory()) {
        // The GPU libraries have several hundred megabytes, and CUDA takes seconds to start anyway.
        if (name.contains("providers_cuda")) {
          throw new IOException("the libraries of onnxruntime_gpu are not kept");
        }
        libraries.add(entry);
      }
    }
    return libraries;
  }

  private static void unpack(JarFile jar, JarEntry entry, Path file) throws IOException {
    if (Files.isSymbolicLink(file)) {
      Files.delete(file); // the link, not what it leads to
    }
    AtomicFile.write(
        file,
        out -> {
          try (InputStream in = jar.getInputStream(entry)) {
            in.transferTo(out);
          }
        },
        temporary -> {
          if (isPosix(temporary)) {
            Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwx------"));
          }
          if (!isIntact(temporary, entry)) {
            throw new IOException(jar.getName() + " is damaged at " + entry.getName());
          }
        });
  }

  private static boolean isIntact(Path file, JarEntry entry) throws IOException {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
        || Files.size(file) != entry.getSize()) {
      return false;
    }
    CRC32 sum = new CRC32();
    try (FileChannel channel = FileChannel.open(file)) {
      ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 18);
      while (channel.read(buffer) >= 0) {
        sum.update(buffer.flip());
        buffer.clear();
      }
    }
    return sum.getValue() == entry.getCrc();
  }

  /** Creates a folder, or checks an existing one: only the user may own it and write to it. */
  private static void createPrivateFolder(Path folder) throws IOException {
    FileAttribute<?>[] ownerOnly =
        isPosix(folder)
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
            }
            : new FileAttribute<?>[0]; // Windows: what is in %LOCALAPPDATA% is the user's
    try {
      Path parent = folder.getParent();
      if (parent != null) {
        Files.createDirectories(parent, ownerOnly);
      }
      Files.createDirectory(folder, ownerOnly);
    } catch (FileAlreadyExistsException e) {
      if (!isPrivate(folder)) {
        throw new IOException(
            folder + " must be a folder, no link, of the user's own that nobody else can write to",
            e);
      }
    }
  }

  private static boolean isPrivate(Path folder) throws IOException {
    if (!isPosix(folder)) {
      return Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS);
    }
    PosixFileAttributes attributes =
        Files.readAttributes(folder, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    UserPrincipal user =
        folder
            .getFileSystem()
            .getUserPrincipalLookupService()
            .lookupPrincipalByName(System.getProperty("user.name"));
    Set<PosixFilePermission> permissions = attributes.permissions();
    return attributes.isDirectory()
        && attributes.owner().equals(user)
        && !permissions.contains(PosixFilePermission.GROUP_WRITE)
        && !permissions.contains(PosixFilePermission.OTHERS_WRITE);
  }

  private static boolean isPosix(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("posix");
  }

  /** Recognises our folders by their {@link #name}: the user may keep other things in the cache. */
  private static boolean isOurs(Path folder) {
    return folder
        .getFileName()
        .toString()
        .matches("onnxruntime-(linux|osx|win)-\\w+-[0-9a-f]{1,8}");
  }

  private static void deleteUnused(Path cache) throws IOException {
    FileTime limit = FileTime.from(Instant.now().minus(UNUSED));
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(cache, NativeLibraries::isOurs)) {
      for (Path folder : folders) {
        if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
            && Files.getLastModifiedTime(folder).compareTo(limit) < 0) {
          try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
              Files.delete(file);
            }
          }
          Files.delete(folder);
        }
      }
    }
  }
}
