// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * The file beside a model that holds its larger initializers: ONNX's external data. Its name
 * contains a hash of its content, so a model never refers to the data of another export, whatever
 * interrupts either.
 */
final class DataFile {

  /** A multiple of the memory page size, so that a reader may map the file. */
  private static final int ALIGNMENT = 4096;

  /** Bytes from which on an initializer is stored here; shapes and scalars stay in the model. */
  private static final int SMALLEST = 1024;

  private static final int HASH_DIGITS = 32;

  private final String name;
  private final byte[] hash;
  private final List<Initializer> initializers = new ArrayList<>();
  private final Map<String, Long> offsets = new HashMap<>();
  private final Map<String, Long> lengths = new HashMap<>();
  private long size;

  /** Lays out the file and reads all contents once, for their hash. */
  DataFile(String modelName, List<Initializer> all) throws IOException {
    for (Initializer initializer : all) {
      if (initializer.size() >= SMALLEST) {
        size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        initializers.add(initializer);
        offsets.put(initializer.name(), size);
        lengths.put(initializer.name(), initializer.size());
        size += initializer.size();
      }
    }
    MessageDigest digest = digest();
    writeTo(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
    this.hash = digest.digest();
    this.name =
        "%s.%s.data".formatted(modelName, HexFormat.of().formatHex(hash).substring(0, HASH_DIGITS));
  }

  /** Returns the pattern of the names of a model's data files. */
  static Pattern names(String modelName) {
    return Pattern.compile(Pattern.quote(modelName) + "\\.[0-9a-f]{" + HASH_DIGITS + "}\\.data");
  }

  static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java platform has it
    }
  }

  String name() {
    return name;
  }

  long size() {
    return size;
  }

  boolean isEmpty() {
    return initializers.isEmpty();
  }

  boolean hasHash(byte[] other) {
    return MessageDigest.isEqual(hash, other);
  }

  boolean holds(String initializer) {
    return offsets.containsKey(initializer);
  }

  /** Returns a tensor's entries that say where its content is. */
  List<StringStringEntryProto> location(String initializer) {
    return List.of(
        entry("location", name),
        entry("offset", Objects.requireNonNull(offsets.get(initializer)).toString()),
        entry("length", Objects.requireNonNull(lengths.get(initializer)).toString()));
  }

  private static StringStringEntryProto entry(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }

  void writeTo(OutputStream out) throws IOException {
    WritableByteChannel channel = Channels.newChannel(out);
    long written = 0;
    for (Initializer initializer : initializers) {
      long offset = Objects.requireNonNull(offsets.get(initializer.name()));
      out.write(new byte[Math.toIntExact(offset - written)]);
      ByteBuffer content = initializer.bytes();
      while (content.hasRemaining()) {
        channel.write(content);
      }
      written = offset + initializer.size();
    }
  }
}
