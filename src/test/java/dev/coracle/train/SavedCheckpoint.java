// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/** Reads and writes checkpoints on its own: a zip stream, Gson, and safetensors by hand. */
final class SavedCheckpoint {

  private SavedCheckpoint() {}

  static Map<String, byte[]> entries(Path file) throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    try (ZipInputStream zip =
        new ZipInputStream(new ByteArrayInputStream(Files.readAllBytes(file)))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        entries.put(entry.getName(), zip.readAllBytes());
      }
    }
    return entries;
  }

  /** Writes a zip file with right checksums, whatever the entries are. */
  static void write(Path file, Map<String, byte[]> entries) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.setLevel(Deflater.NO_COMPRESSION); // to be fast
      for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue());
      }
    }
    Files.write(file, bytes.toByteArray());
  }

  static byte[] entry(Path file, String name) throws IOException {
    return Objects.requireNonNull(entries(file).get(name));
  }

  static JsonObject header(Path file) throws IOException {
    return json(entry(file, "checkpoint.json"));
  }

  /** Returns the values of each array as little-endian bytes. */
  static Map<String, ByteBuffer> arrays(Path file, String entry) throws IOException {
    byte[] content = entry(file, entry + ".safetensors");
    int headerLength =
        Math.toIntExact(ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).getLong(0));
    byte[] header = new byte[headerLength];
    System.arraycopy(content, 8, header, 0, headerLength);
    Map<String, ByteBuffer> arrays = new TreeMap<>();
    for (Map.Entry<String, JsonElement> array : json(header).entrySet()) {
      JsonObject about = array.getValue().getAsJsonObject();
      if (!about.get("dtype").getAsString().equals("F32")) {
        throw new IOException(array.getKey() + " is " + about);
      }
      JsonArray offsets = about.getAsJsonArray("data_offsets");
      int begin = offsets.get(0).getAsInt();
      int end = offsets.get(1).getAsInt();
      int size = 4;
      for (JsonElement dimension : about.getAsJsonArray("shape")) {
        size *= dimension.getAsInt();
      }
      if (size != end - begin) {
        throw new IOException(array.getKey() + " is " + about);
      }
      arrays.put(array.getKey(), ByteBuffer.wrap(content, 8 + headerLength + begin, size).slice());
    }
    return arrays;
  }

  private static JsonObject json(byte[] text) {
    return JsonParser.parseString(new String(text, StandardCharsets.UTF_8)).getAsJsonObject();
  }
}
