// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Finds the ONNX files of a folder. */
public final class OnnxFiles {

  private OnnxFiles() {}

  /** Returns the regular files in a folder, not below it, that are named {@code .onnx}; sorted. */
  public static List<Path> in(Path folder) throws IOException {
    try (Stream<Path> content = Files.list(folder)) {
      return content.filter(OnnxFiles::isOne).sorted().toList();
    } catch (UncheckedIOException e) { // from going through the stream
      throw e.getCause();
    }
  }

  private static boolean isOne(Path file) {
    // Not ._mnist.onnx, which the tar of macOS puts beside mnist.onnx.
    String name = file.getFileName().toString();
    return name.endsWith(".onnx") && !name.startsWith(".") && Files.isRegularFile(file);
  }
}
