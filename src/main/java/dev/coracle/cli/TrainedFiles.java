// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.CoracleException;
import dev.coracle.train.Checkpoint;
import java.nio.file.Files;
import java.nio.file.Path;

/** Looks whether the files that {@code train} writes are there, and says so where they are not. */
final class TrainedFiles {

  private TrainedFiles() {}

  static void requireModel(Path file) {
    if (!Files.exists(file)) {
      throw new CoracleException(
          "%s does not exist; give the path of an ONNX file ('coracle train' writes output/%s)"
              .formatted(file, TrainingPipeline.MODEL));
    }
  }

  static void requireCheckpoint(Path file) {
    if (!Files.exists(file)) {
      throw new CoracleException(
          "no checkpoint at %s; 'coracle train' writes output/%s after each epoch"
              .formatted(file, Checkpoint.FILE_NAME));
    }
  }
}
