// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.coracle.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Writes a model as one file, or as a pair with external data.
 *
 * <p>How it works: the {@link DataFile}, whose name is unique to its content, is written first;
 * then the model, which refers to it, is moved into place atomically. So at any moment the model in
 * place has the data that it was written with. If the model cannot be written, the new data are
 * deleted; once it is in place, the data of the model before it are deleted. Within a process, one
 * export at a time writes to a path.
 */
final class ModelFiles {

  /** The most bytes that protobuf reads as one message. */
  static final long MAX_BYTES = Integer.MAX_VALUE;

  /** A model with external data is far smaller; larger files are not searched for references. */
  private static final long MAX_GRAPH_BYTES = 64 << 20;

  /** Each path has one of these locks, since two exports would delete each other's data. */
  private static final List<Lock> LOCKS =
      Stream.generate(() -> (Lock) new ReentrantLock()).limit(64).toList();

  private final Path file;
  private final String name;

  ModelFiles(Path file) throws IOException {
    this.file = file.toAbsolutePath();
    Path last = this.file.getFileName();
    if (last == null) {
      throw new IOException(file + " is a folder; expected the name of a file");
    }
    this.name = last.toString();
  }

  /**
   * Writes a model.
   *
   * @param model without its graph
   * @param external whether the larger initializers go to a file of their own; null to do so only
   *     for a model of more than {@code limit} bytes
   * @param check called with the model's temporary file, in the folder where its data are
   * @return the size of all files
   */
  long write(
      ModelProto model,
      OnnxGraph graph,
      @Nullable Boolean external,
      long limit,
      AtomicFile.Check check)
      throws IOException {
    for (Initializer initializer : graph.initializers()) {
      if (initializer.size() > MAX_BYTES) {
        throw new ExportException(
            "%s has %d bytes; an array of an ONNX file may have at most 2 GiB here"
                .formatted(initializer.name(), initializer.size()));
      }
    }
    Lock lock = LOCKS.get(Math.floorMod(file.normalize().hashCode(), LOCKS.size()));
    lock.lock();
    try {
      ModelWriter whole = new ModelWriter(model, graph, null);
      if (external == null ? whole.size() > limit : external) {
        DataFile data = new DataFile(name, graph.initializers());
        if (!data.isEmpty()) {
          return writePair(new ModelWriter(model, graph, data), data, check);
        }
      }
      if (whole.size() > limit) {
        throw new ExportException(
            "the model is larger than 2 GiB, which one ONNX file cannot hold; allow externalData");
      }
      Set<String> earlier = dataFiles();
      writeModel(whole, check);
      deleteAll(earlier);
      return whole.size();
    } finally {
      lock.unlock();
    }
  }

  private long writePair(ModelWriter writer, DataFile data, AtomicFile.Check check)
      throws IOException {
    if (Files.isSymbolicLink(file)) {
      throw new IOException(
          file + " is a symbolic link; a model with external data needs its own name and folder");
    }
    Set<String> earlier = dataFiles();
    Path dataFile = file.resolveSibling(data.name());
    boolean existed = Files.exists(dataFile);
    try {
      AtomicFile.write(
          dataFile,
          data::writeTo,
          temporary -> {
            if (!data.hasHash(hash(temporary))) {
              throw changed(temporary);
            }
          });
      writeModel(writer, check);
    } catch (Throwable e) {
      try {
        if (!existed && !dataFiles().contains(data.name())) {
          Files.deleteIfExists(dataFile);
        }
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
    earlier.remove(data.name());
    deleteAll(earlier);
    return writer.size() + data.size();
  }

  private void writeModel(ModelWriter writer, AtomicFile.Check check) throws IOException {
    CRC32 written = new CRC32(); // finds damage, and saves a cold JVM 50 ms over SHA-256 for 5 MB
    AtomicFile.write(
        file,
        out -> writer.writeTo(new CheckedOutputStream(out, written)),
        temporary -> {
          if (written.getValue() != sum(temporary)) {
            throw changed(temporary);
          }
          check.check(temporary);
        });
  }

  private static long sum(Path file) throws IOException {
    CRC32 sum = new CRC32();
    try (InputStream in = Files.newInputStream(file)) {
      new CheckedInputStream(in, sum).transferTo(OutputStream.nullOutputStream());
    }
    return sum.getValue();
  }

  private static byte[] hash(Path file) throws IOException {
    MessageDigest digest = DataFile.digest();
    try (InputStream in = Files.newInputStream(file)) {
      new DigestInputStream(in, digest).transferTo(OutputStream.nullOutputStream());
    }
    return digest.digest();
  }

  private static IOException changed(Path file) {
    return new IOException(file + " reads back differently than it was written");
  }

  /**
   * Returns the names of the data files that the model in place refers to and that follow our
   * naming scheme.
   */
  private Set<String> dataFiles() throws IOException {
    Set<String> names = new HashSet<>();
    Pattern ours = DataFile.names(name);
    if (!Files.isRegularFile(file) || Files.size(file) > MAX_GRAPH_BYTES || !hasSibling(ours)) {
      return names;
    }
    try (InputStream in = Files.newInputStream(file)) {
      ModelProto.parseFrom(in).getGraph().getInitializerList().stream()
          .flatMap(tensor -> tensor.getExternalDataList().stream())
          .filter(entry -> entry.getKey().equals("location"))
          .filter(entry -> ours.matcher(entry.getValue()).matches())
          .forEach(entry -> names.add(entry.getValue()));
    } catch (IOException e) {
      return Set.of(); // not a model
    }
    return names;
  }

  private boolean hasSibling(Pattern names) throws IOException {
    try (Stream<Path> siblings = Files.list(Objects.requireNonNull(file.getParent()))) {
      return siblings.anyMatch(
          sibling -> names.matcher(String.valueOf(sibling.getFileName())).matches());
    }
  }

  /** Deletes files that nothing refers to any more; one that cannot be deleted is harmless. */
  private void deleteAll(Set<String> names) {
    for (String old : names) {
      if (!file.resolveSibling(old).toFile().delete()) {
        return; // the model is in place nevertheless
      }
    }
  }
}
