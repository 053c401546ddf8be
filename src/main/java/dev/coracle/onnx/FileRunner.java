// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.coracle.CoracleException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;

/**
 * Runs ONNX files for {@link OnnxVerifier}. Found by {@link ServiceLoader}, so that the exporter
 * depends on no runtime and works without one.
 */
public interface FileRunner {

  /** Tells whether the runtime that it uses is on the class path. */
  boolean isAvailable();

  /**
   * Opens a file; the caller closes it. External data are read from the file's folder.
   *
   * @param domains the domains of operators that the file may use besides ONNX's own
   * @param large whether memory matters more than speed, since the weights are large
   * @throws CoracleException when the runtime does not start, or refuses the file
   */
  OpenFile open(Path file, Set<String> domains, boolean large);

  /** A file that is ready to run. */
  interface OpenFile extends AutoCloseable {

    /**
     * Returns the outputs by name, in the file's order.
     *
     * @param inputs by name
     * @param manager owns the outputs
     * @throws CoracleException when the file does not run on these inputs
     */
    Map<String, NDArray> run(Map<String, NDArray> inputs, NDManager manager);

    @Override
    void close();
  }

  /** Returns the first available runner, if any. */
  static Optional<FileRunner> find() {
    // It is in the same jar, so not by the thread's class loader, which may be another
    // application's.
    return ServiceLoader.load(FileRunner.class, FileRunner.class.getClassLoader()).stream()
        .map(ServiceLoader.Provider::get)
        .filter(FileRunner::isAvailable)
        .findFirst();
  }
}
