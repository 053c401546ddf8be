// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import dev.coracle.CoracleException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The state of one of MNIST's files in a folder. A file of any set of the same form is sound, with
 * {@code problem} null; only MNIST's own is {@code published}.
 *
 * @param expected the file looked for, with its published sums
 * @param path where it is, or null when it is missing
 * @param count the number of images or labels in it, or 0 when it is missing or damaged
 * @param sha256 the SHA-256 of its uncompressed content, or null when it is missing or damaged
 * @param problem why {@link Mnist#read} refuses it, one sentence, or null when it does not
 */
public record MnistCheck(
    MnistFile expected,
    @Nullable Path path,
    int count,
    @Nullable String sha256,
    @Nullable String problem) {

  /** Returns whether the content is what the authors of MNIST published. */
  public boolean published() {
    return expected.sha256().equals(sha256);
  }

  /**
   * Validates the four files that {@link Mnist#read} would read from {@code folder}, as it does, in
   * the order of {@link MnistFile#ALL}. Throws nothing if they are wrong: the result says so.
   */
  public static List<MnistCheck> check(Path folder) {
    MnistFolder files = MnistFolder.at(folder);
    Checker checker = new Checker(files.fault());
    List<MnistCheck> checks = new ArrayList<>();
    for (MnistFile file : MnistFile.ALL) {
      checks.add(checker.check(file, files.find(file)));
    }
    return List.copyOf(checks);
  }

  /** Checks one file after the other, and keeps the shapes that the next ones have to match. */
  private static final class Checker {

    private final @Nullable String fault; // of the folder
    private @Nullable Path images; // those to which the next labels belong, null when not sound
    private int imageCount;
    private @Nullable String imageSize;

    Checker(@Nullable String fault) {
      this.fault = fault;
    }

    MnistCheck check(MnistFile file, @Nullable Path path) {
      Path labelled = images;
      images = null;
      if (path == null) {
        String problem =
            fault != null ? fault : "There is neither " + file.name() + " nor " + file.gzName();
        return new MnistCheck(file, null, 0, null, problem);
      }
      IdxFile idx;
      try {
        idx = IdxFile.read(path, file.rank());
      } catch (CoracleException e) {
        return new MnistCheck(file, path, 0, null, e.getMessage());
      }
      String problem = null;
      try {
        if (file.rank() == 1) {
          checkLabels(path, idx, labelled);
        } else {
          checkImages(path, idx);
        }
      } catch (CoracleException e) {
        problem = e.getMessage();
      }
      return new MnistCheck(file, path, idx.dimension(0), idx.sha256(), problem);
    }

    private void checkImages(Path path, IdxFile idx) {
      String size = idx.dimension(1) + "x" + idx.dimension(2);
      String earlier = imageSize;
      images = path;
      imageCount = idx.dimension(0);
      imageSize = size;
      if (earlier != null && !earlier.equals(size)) {
        throw new CoracleException(
            path + " has images of " + size + "; expected " + earlier + " as in the training set");
      }
    }

    private void checkLabels(Path path, IdxFile idx, @Nullable Path labelled) {
      IdxReader.checkLabels(path, idx.data(), MnistFile.CLASSES);
      if (labelled != null) {
        IdxReader.checkCounts(labelled, imageCount, path, idx.dimension(0));
      }
    }
  }
}
