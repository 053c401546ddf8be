// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Where a tensor's external data are: a path of plain names below the folder, and a byte offset.
 *
 * <p>Through its weights a model could otherwise read any file that the process can: by ".." or an
 * absolute path (CVE-2022-25882, CVE-2024-27318), a symbolic link (CVE-2026-34447) or a hard link
 * (CVE-2026-34446); or memory, by an address, which ONNX Runtime may store in the same field.
 */
record ExternalLocation(List<String> names, long offset) {

  private static final Set<String> KEYS = Set.of("location", "offset", "length", "checksum");

  /** ONNX Runtime's mark of a location that is an address in memory. */
  private static final String MEMORY_MARKER = "_ORT_MEM_ADDR_";

  static ExternalLocation of(Message tensor, long length, String place) {
    Map<String, String> entries = new HashMap<>();
    for (Message entry : tensor.messages("external_data")) {
      String key = entry.text("key");
      if (!KEYS.contains(key) || entries.put(key, entry.text("value")) != null) {
        throw new InvalidModelException(
            "%s: expected external_data with each of %s at most once, found %s"
                .formatted(place, KEYS.stream().sorted().toList(), Quote.text(key)));
      }
    }
    if (!TensorRules.hasNoData(tensor) || tensor.number("data_location") != 1) {
      throw new InvalidModelException(
          place + ": expected the values either in the file or outside, found signs of both");
    }
    long stated = number(entries.getOrDefault("length", Long.toString(length)), place);
    if (stated != length) {
      throw new InvalidModelException(
          "%s: expected a length of %d bytes, as type and shape demand, found %d"
              .formatted(place, length, stated));
    }
    String location = entries.getOrDefault("location", "");
    List<String> names = List.of(location.split("/", -1));
    boolean plain =
        names.stream().noneMatch(name -> name.isEmpty() || name.equals(".") || name.equals(".."))
            && location.chars().noneMatch(c -> c == '\\' || c == ':' || c < ' ')
            && !location.contains(MEMORY_MARKER);
    if (!plain) {
      throw new InvalidModelException(
          "%s: expected external data at a relative path of plain names with / between, found %s"
              .formatted(place, Quote.text(location)));
    }
    return new ExternalLocation(names, number(entries.getOrDefault("offset", "0"), place));
  }

  private static long number(String digits, String place) {
    if (!digits.matches("[0-9]{1,18}")) {
      throw new InvalidModelException(
          "%s: expected a decimal number of bytes in external_data, found %s"
              .formatted(place, Quote.text(digits)));
    }
    return Long.parseLong(digits);
  }

  String quoted() {
    return Quote.text(String.join("/", names));
  }

  /** Returns the file's path below the real path of the folder. */
  Path resolve(Path folder, String place) throws IOException {
    try {
      Path file = folder.toRealPath();
      for (String name : names) {
        file = file.resolve(name);
      }
      return file;
    } catch (InvalidPathException e) {
      throw new InvalidModelException(
          "%s: expected external data at a path of this system, found %s"
              .formatted(place, quoted()),
          e);
    }
  }

  /**
   * Checks that each step below the folder is a folder and the last a regular file, none of them a
   * link, and returns keys that identify them.
   */
  List<Object> identities(Path folder, String place) throws IOException {
    Path file = resolve(folder, place);
    List<Object> identities = new ArrayList<>();
    int last = file.getNameCount();
    for (int count = last - names.size() + 1; count <= last; count++) {
      Path step = file.getRoot().resolve(file.subpath(0, count));
      BasicFileAttributes attributes =
          Files.readAttributes(step, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      boolean fits = count < last ? attributes.isDirectory() : attributes.isRegularFile();
      if (!fits || (count == last && links(step) != 1)) {
        throw new InvalidModelException(
            "%s: expected external data in a regular file of one name (no link, symbolic or hard), found %s; copy it there"
                .formatted(place, quoted()));
      }
      Object key = attributes.fileKey();
      identities.add(key == null ? attributes.creationTime() : key);
    }
    return identities;
  }

  /** Returns how many hard links a file has, or 1 where the system does not tell. */
  private static int links(Path file) throws IOException {
    if (!file.getFileSystem().supportedFileAttributeViews().contains("unix")) {
      return 1;
    }
    return (int) Files.getAttribute(file, "unix:nlink", LinkOption.NOFOLLOW_LINKS);
  }
}
