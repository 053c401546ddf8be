// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.nio.file.Path;
import java.util.Map;

/**
 * The content of an ONNX file that has passed the checks of {@link ModelOptions}, read once: what
 * was checked is what is run, whatever happens to the file.
 */
@SuppressWarnings("ArrayRecordComponent") // megabytes, handed on once, never compared
record ModelFile(Path file, byte[] bytes, Map<String, String> metadata) {

  static ModelFile read(Path file, ModelOptions options) {
    byte[] bytes = Sessions.read(file);
    return new ModelFile(file, bytes, MetadataReader.read(file, bytes));
  }
}
