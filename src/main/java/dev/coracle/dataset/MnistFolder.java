// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import dev.coracle.CoracleException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds the four files of MNIST, or of a set of the same form, under one folder. They are in the
 * folder itself or where torchvision puts them below it; all four are taken from one place, so that
 * two sets below the same folder cannot mix. In that place a plain file is preferred to its {@code
 * .gz}, to save the decompression.
 */
final class MnistFolder {

  private static final List<String> PLACES = List.of("", "MNIST/raw", "FashionMNIST/raw", "raw");

  private final Path folder;
  private final Path place;
  private final List<MnistFile> wanted;

  private MnistFolder(Path folder, Path place, List<MnistFile> wanted) {
    this.folder = folder;
    this.place = place;
    this.wanted = wanted;
  }

  /** Chooses the first place that has all four files, else the first that has any. */
  static MnistFolder at(Path folder) {
    return at(folder, MnistFile.ALL);
  }

  /** Chooses the first place that has all the files wanted, else the first that has any. */
  static MnistFolder at(Path folder, List<MnistFile> wanted) {
    Path place = folder;
    long most = 0;
    for (String name : PLACES) {
      Path candidate = folder.resolve(name);
      long files = wanted.stream().filter(file -> find(candidate, file) != null).count();
      if (files == wanted.size()) {
        return new MnistFolder(folder, candidate, wanted);
      }
      if (files > 0 && most == 0) {
        place = candidate;
        most = files;
      }
    }
    return new MnistFolder(folder, place, wanted);
  }

  /** Returns the plain or compressed file, or null when there is neither. */
  @Nullable Path find(MnistFile file) {
    return find(place, file);
  }

  /** Returns the plain or compressed file; throws CoracleException when there is neither. */
  Path require(MnistFile file) {
    Path path = find(file);
    if (path == null) {
      throw missing();
    }
    return path;
  }

  private CoracleException missing() {
    String fault = fault();
    if (fault != null) {
      return new CoracleException(fault + advice());
    }
    List<String> missing =
        wanted.stream()
            .filter(file -> find(file) == null)
            .map(file -> file.name() + "[.gz]")
            .toList();
    return new CoracleException(
        (place + " lacks " + String.join(", ", missing))
            + (", and so do MNIST/raw, FashionMNIST/raw and raw below " + folder + advice()));
  }

  /** Returns why nothing can be found in the folder, whatever its content, or null. */
  @Nullable String fault() {
    if (!Files.exists(folder)) {
      return folder + " does not exist";
    }
    if (!Files.isDirectory(folder)) {
      return folder + " is not a folder";
    }
    return Files.isExecutable(folder) ? null : "no permission to look into " + folder;
  }

  private static String advice() {
    return "; expected the four idx files of MNIST: use datasets/mnist of a checkout, or run"
        + " 'coracle datasets fetch' and pass its folder with --data-dir";
  }

  private static @Nullable Path find(Path place, MnistFile file) {
    for (String name : List.of(file.name(), file.gzName())) {
      Path path = place.resolve(name);
      if (Files.exists(path)) {
        return path;
      }
    }
    return null;
  }
}
