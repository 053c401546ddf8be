// SPDX-License-Identifier: Apache-2.0
package dev.coracle.verify;

import dev.coracle.inference.OnnxModel;
import dev.coracle.onnx.FileRunner;
import java.nio.file.Path;
import java.util.Set;

/**
 * Runs ONNX files in ONNX Runtime, with the checks and defaults of {@link OnnxModel}. Initialises
 * no class of ONNX Runtime before it opens a file.
 */
public final class OnnxRuntimeRunner implements FileRunner {

  @Override
  public boolean isAvailable() {
    try {
      Class.forName("ai.onnxruntime.OrtEnvironment", false, getClass().getClassLoader());
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }

  @Override
  public OpenFile open(Path file, Set<String> domains, boolean large) {
    return RunnableFile.open(file, domains, large);
  }
}
