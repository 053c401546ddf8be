// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import dev.coracle.CoracleException;
import java.nio.file.Path;
import java.util.List;

/**
 * Holds a training and a test set with images of the same size: MNIST, 60,000 and 10,000 images of
 * 28x28, or any set of the same form, such as Fashion-MNIST.
 */
public record Mnist(ImageSet train, ImageSet test) {

  /** Throws CoracleException when the images of the two sets differ in size. */
  public Mnist {
    if (train.rows() != test.rows() || train.columns() != test.columns()) {
      throw new CoracleException(
          ("The training set has " + train + " and the test set " + test)
              + "; expected images of one size, so take both from the same data set");
    }
  }

  /**
   * Reads {@code train-images-idx3-ubyte}, {@code train-labels-idx1-ubyte}, {@code
   * t10k-images-idx3-ubyte} and {@code t10k-labels-idx1-ubyte}, plain or {@code .gz} (plain first
   * when both are there), labels 0 to 9. They are taken from the first of {@code folder}, {@code
   * MNIST/raw}, {@code FashionMNIST/raw} and {@code raw} below it that has all four. Throws
   * CoracleException when a file is missing or is not as {@link IdxReader} expects.
   */
  public static Mnist read(Path folder) {
    List<Path> files = files(folder);
    return read(files.get(0), files.get(1), files.get(2), files.get(3));
  }

  /**
   * Reads the two training files from one folder and the two test files from another, each as
   * {@link #read(Path)} does.
   */
  public static Mnist read(Path training, Path testing) {
    List<MnistFile> trainingFiles = List.of(MnistFile.TRAIN_IMAGES, MnistFile.TRAIN_LABELS);
    List<MnistFile> testingFiles = List.of(MnistFile.TEST_IMAGES, MnistFile.TEST_LABELS);
    MnistFolder trainingPlace = MnistFolder.at(training, trainingFiles);
    MnistFolder testingPlace = MnistFolder.at(testing, testingFiles);
    return read(
        trainingPlace.require(MnistFile.TRAIN_IMAGES),
        trainingPlace.require(MnistFile.TRAIN_LABELS),
        testingPlace.require(MnistFile.TEST_IMAGES),
        testingPlace.require(MnistFile.TEST_LABELS));
  }

  private static Mnist read(Path trainImages, Path trainLabels, Path testImages, Path testLabels) {
    return new Mnist(
        IdxReader.read(trainImages, trainLabels, MnistFile.CLASSES),
        IdxReader.read(testImages, testLabels, MnistFile.CLASSES));
  }

  /**
   * Finds the files that {@link #read} reads, in the order of {@link MnistFile#ALL}, and throws
   * CoracleException when one is missing.
   */
  public static List<Path> files(Path folder) {
    MnistFolder place = MnistFolder.at(folder);
    return MnistFile.ALL.stream().map(place::require).toList();
  }
}
