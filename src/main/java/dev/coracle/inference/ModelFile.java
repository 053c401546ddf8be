// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import dev.coracle.CoracleException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;

/**
 * The content of an ONNX file that has passed the checks of {@link ModelOptions}.
 *
 * @param bytes an array, read once, so that what was checked is what is run, whatever happens to
 *     the file; or, where the options let ONNX Runtime read the file by its path, a mapping of it
 * @param needsElements whether the model kills the process if an input has no elements
 * @param metadata the file's {@code metadata_props}; of entries with the same key the last counts.
 *     Read here, because ONNX Runtime's Java binding (1.29.0) garbles text outside the Basic
 *     Multilingual Plane
 */
record ModelFile(
    Path file,
    ByteBuffer bytes,
    boolean needsElements,
    Map<String, String> metadata,
    GraphSignature signature,
    ExternalData externalData) {

  /** A key that ONNX Runtime obeys where the environment has ORT_LOAD_CONFIG_FROM_MODEL=1. */
  private static final String SESSION_OPTIONS = "ort_config";

  /** protobuf's own limit. */
  private static final int MAX_BYTES = Integer.MAX_VALUE - 8;

  /**
   * Reads and checks a file.
   *
   * @throws InvalidModelException if the file is missing, not an ONNX model, or not one that the
   *     options allow
   * @throws CoracleException if it cannot be read
   */
  static ModelFile read(Path file, ModelOptions options) {
    ByteBuffer bytes = content(file, options);
    try {
      return check(file, bytes, options);
    } catch (InvalidModelException e) {
      throw new InvalidModelException(file + ": " + e.getMessage(), e.getCause());
    }
  }

  /** Tells whether ONNX Runtime is to read the file by its path, its bytes being in no array. */
  boolean isMapped() {
    return bytes.isDirect();
  }

  private static ModelFile check(Path file, ByteBuffer bytes, ModelOptions options) {
    checksum(bytes, options);
    notAnotherFormat(bytes);
    MessageStructure.check(bytes);
    Message model = Message.model(bytes);
    boolean needsElements = ModelRules.check(model, options);
    Message graph = model.messages("graph").get(0);
    return new ModelFile(
        file,
        bytes,
        needsElements,
        metadata(model),
        GraphSignature.of(graph),
        ExternalData.read(graph, options, bytes.limit()));
  }

  private static Map<String, String> metadata(Message model) {
    Map<String, String> entries = new HashMap<>();
    for (Message entry : model.messages("metadata_props")) {
      if (entry.text("key").equals(SESSION_OPTIONS)) {
        throw new InvalidModelException(
            "expected metadata that only describe the model, found %s, which can set options of ONNX Runtime; export the model without it"
                .formatted(SESSION_OPTIONS));
      }
      entries.put(entry.text("key"), entry.text("value"));
    }
    return Map.copyOf(entries);
  }

  private static ByteBuffer content(Path file, ModelOptions options) {
    if (Files.isDirectory(file)) {
      throw new InvalidModelException(file + " is a directory; give the ONNX file in it");
    }
    if (!Files.exists(file)) {
      throw new InvalidModelException(file + " does not exist; give the path of an ONNX file");
    }
    if (!Files.isRegularFile(file)) { // opening a FIFO or a device may block forever
      throw new InvalidModelException(
          file + ": expected a regular file, found a device, pipe or socket; give an ONNX file");
    }
    int limit = (int) Math.min(options.maxFileBytes(), MAX_BYTES);
    if (options.readByPath() && isFoundByPath(file)) {
      ByteBuffer mapping = map(file, limit);
      if (mapping.hasRemaining()) {
        return mapping;
      }
    }
    try (InputStream in = Files.newInputStream(file)) {
      long size = Files.size(file);
      byte[] bytes = new byte[size > limit ? 0 : (int) size];
      int read = in.readNBytes(bytes, 0, bytes.length);
      if (size > limit || in.read() >= 0) { // it may have grown since
        throw new InvalidModelException(
            "%s: expected at most %d bytes, found %s; raise ModelOptions.maxFileBytes if you trust the file (2 GiB at most)"
                .formatted(
                    file, limit, size > limit ? size : "a file that grows while it is read"));
      }
      if (read == 0) {
        throw new InvalidModelException(
            file + ": expected an ONNX file, found no bytes; check that it was copied to its end");
      }
      return ByteBuffer.wrap(read == bytes.length ? bytes : Arrays.copyOf(bytes, read));
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /**
   * Tells whether ONNX Runtime reads the same by a path as from bytes, and a file may be moved
   * while it is mapped.
   */
  private static boolean isFoundByPath(Path file) {
    String path = file.toAbsolutePath().toString();
    return file.getFileSystem().equals(FileSystems.getDefault())
        && File.separatorChar == '/' // Windows lets nobody move a mapped file
        && !path.toLowerCase(Locale.ROOT).endsWith(".ort") // which it takes for its own format
        && path.chars().allMatch(c -> c < 128); // else the path depends on the locale
  }

  /** Maps a file; returns an empty buffer if it is empty or too large, to be refused elsewhere. */
  private static ByteBuffer map(Path file, int limit) {
    try (FileChannel channel = FileChannel.open(file)) {
      long size = channel.size();
      return size > limit ? ByteBuffer.allocate(0) : channel.map(MapMode.READ_ONLY, 0, size);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static CoracleException unreadable(Path file, IOException e) {
    return new CoracleException(file + " cannot be read: " + CoracleException.reason(e), e);
  }

  private static void checksum(ByteBuffer bytes, ModelOptions options) {
    if (options.sha256() == null) {
      return;
    }
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(bytes.duplicate());
      String found = HexFormat.of().formatHex(digest.digest());
      if (!found.equals(options.sha256())) {
        throw new InvalidModelException(
            "expected the SHA-256 %s, found %s; this is another file than the one you pinned"
                .formatted(options.sha256(), found));
      }
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  /** Names the usual mix-ups; any other file that is not ONNX fails the check of its structure. */
  private static void notAnotherFormat(ByteBuffer bytes) {
    String start =
        StandardCharsets.ISO_8859_1.decode(bytes.slice(0, Math.min(8, bytes.limit()))).toString();
    // ONNX Runtime decides by these four bytes alone: it would load such a file as its own format,
    // even one that is a valid ONNX file as well and has passed the checks.
    if (start.startsWith("ORTM", 4)) {
      throw new InvalidModelException(
          "is not an ONNX file, but one in ONNX Runtime's own format (.ort); give the ONNX file that it was made from");
    }
    Map<String, String> formats =
        Map.of(
            "\u0089PNG", "a PNG image",
            "\u00ff\u00d8\u00ff", "a JPEG image",
            "GIF8", "a GIF image",
            "%PDF", "a PDF document",
            "PK\u0003\u0004", "a zip file, such as a PyTorch or Coracle checkpoint",
            "\u001f\u008b", "gzip data; decompress it first",
            "\u0089HDF", "an HDF5 file, such as a Keras model",
            "<", "HTML or XML, such as an error page");
    formats.forEach(
        (magic, what) -> {
          if (start.startsWith(magic)) {
            throw new InvalidModelException("is not an ONNX file, but " + what);
          }
        });
    int tag = bytes.get(0) & 0xff; // the fields that may come first have numbers below 16
    MessageType.Field first = MessageType.MODEL.field(tag >>> 3);
    if (first == null || (tag & 7) != MessageStructure.wireType(first.kind())) {
      throw new InvalidModelException(
          "is not an ONNX file: expected a field of ModelProto at byte 0, found 0x%02x"
              .formatted(tag));
    }
  }
}
