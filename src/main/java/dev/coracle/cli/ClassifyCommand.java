// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.CoracleException;
import dev.coracle.dataset.IdxImages;
import dev.coracle.dataset.IdxReader;
import dev.coracle.inference.Classifier;
import dev.coracle.inference.InvalidInputException;
import dev.coracle.inference.ModelOptions;
import dev.coracle.inference.Prediction;
import dev.coracle.protocol.PictureReader;
import dev.coracle.protocol.RequestException;
import dev.coracle.report.DigitArt.Picture;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Classifies images from files. */
@Command(
    name = "classify",
    sortOptions = false,
    showDefaultValues = true,
    description = {
      "Classifies pictures and idx files, one line an image.",
      "",
      "A picture of another size than the model's is cropped to its ink, fitted and centred as"
          + " MNIST's digits were; dark ink on a light page is inverted."
    })
final class ClassifyCommand implements Callable<Integer> {

  private static final int MAX_BYTES = 256 << 20;

  /** A larger picture could exhaust the memory: 64 million pixels take 256 MB decoded. */
  private static final long MAX_PIXELS = 64_000_000;

  /** All formats that the JDK reads, by its names. */
  private static final Set<String> FORMATS = Set.of("png", "jpeg", "gif", "bmp", "wbmp", "tif");

  /** The same, as people name them. */
  private static final String KINDS = "PNG, JPEG, GIF, BMP, WBMP, TIFF";

  private final Terminal terminal;

  @Option(
      names = "--model",
      paramLabel = "FILE",
      defaultValue = "output/" + TrainingPipeline.MODEL,
      description = "ONNX file.")
  private Path model = Path.of("");

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "20",
      converter = Converters.AtLeastOne.class,
      description = "Images to take from an idx file.")
  private int limit;

  @Option(names = "--draw", description = "Draw the images as the model sees them.")
  private boolean draw;

  @Parameters(
      paramLabel = "FILE",
      arity = "1..*",
      showDefaultValue = CommandLine.Help.Visibility.NEVER,
      description = "Pictures (" + KINDS + ") or idx files of images, .gz or plain.")
  private List<Path> files = List.of();

  ClassifyCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    TrainedFiles.requireModel(model);
    ModelOptions anyNumber = ModelOptions.builder().maxBatch(Integer.MAX_VALUE).build();
    try (Classifier classifier = Classifier.open(model, anyNumber)) {
      List<Picture> images = new ArrayList<>();
      for (Path file : files) {
        images.addAll(read(file, classifier));
      }
      List<Prediction> predictions =
          classifier.classify(images.stream().map(Picture::pixels).toList());
      int width = images.stream().mapToInt(i -> i.caption().length()).max().orElse(1);
      for (int i = 0; i < images.size(); i++) {
        terminal.printf("%-" + width + "s  %s%n", images.get(i).caption(), predictions.get(i));
      }
      if (draw) {
        draw(classifier, images, predictions);
      }
    }
    return 0;
  }

  private List<Picture> read(Path file, Classifier classifier) {
    byte[] content = content(file, MAX_BYTES);
    if (!isIdx(content)) {
      return List.of(
          picture(classifier, pixels(file, picture(file, content), classifier), file.toString()));
    }
    IdxImages set = IdxReader.readImages(file, content);
    if (set.rows() != classifier.rows() || set.columns() != classifier.columns()) {
      throw new CoracleException(
          "%s has images of %d×%d; the model takes %d×%d"
              .formatted(file, set.rows(), set.columns(), classifier.rows(), classifier.columns()));
    }
    List<Picture> images = new ArrayList<>();
    for (int i = 0; i < Math.min(limit, set.count()); i++) {
      images.add(picture(classifier, set.image(i), file + "[" + i + "]"));
    }
    return images;
  }

  static BufferedImage picture(Path file, byte[] content) {
    try {
      return PictureReader.read(file.toString(), content, FORMATS, MAX_PIXELS);
    } catch (RequestException e) {
      if (e.status() != 415) {
        throw e;
      }
      throw new CoracleException(
          "%s is no picture that can be read; expected %s or an idx file".formatted(file, KINDS),
          e);
    }
  }

  private static byte[] pixels(Path file, BufferedImage picture, Classifier classifier) {
    try {
      return classifier.pixels(picture);
    } catch (InvalidInputException e) {
      throw new CoracleException(file + ": " + e.getMessage(), e);
    }
  }

  private static Picture picture(Classifier classifier, byte[] pixels, String caption) {
    return new Picture(pixels, classifier.rows(), classifier.columns(), caption);
  }

  /**
   * Reads a file once, so that it may be a pipe. Throws CoracleException where there are more than
   * {@code limit} bytes.
   */
  static byte[] content(Path file, int limit) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] content = in.readNBytes(limit + 1);
      if (content.length > limit) {
        throw new CoracleException(
            String.format(
                Locale.ROOT,
                "%s has more than %,d bytes; expected a picture or a smaller idx file, so compress"
                    + " or split it",
                file,
                limit));
      }
      return content;
    } catch (IOException e) {
      throw new CoracleException("cannot read " + file + ": " + CoracleException.reason(e), e);
    }
  }

  /**
   * Recognises idx files by content: gzip, or two zero bytes, an element type and a number of axes.
   * A WBMP picture has its size there, so one of 8 to 14 by 1 to 4 pixels would be taken for an idx
   * file.
   */
  private static boolean isIdx(byte[] content) {
    if (content.length >= 2 && content[0] == 0x1f && content[1] == (byte) 0x8b) {
      return true;
    }
    return content.length >= 2
        && content[0] == 0
        && content[1] == 0
        && (content.length < 4 || (isIn(8, content[2], 14) && isIn(1, content[3], 4)));
  }

  private static boolean isIn(int least, int value, int most) {
    return least <= value && value <= most;
  }

  private void draw(Classifier classifier, List<Picture> images, List<Prediction> predictions) {
    List<Picture> pictures = new ArrayList<>();
    for (int i = 0; i < images.size(); i++) {
      pictures.add(picture(classifier, images.get(i).pixels(), predictions.get(i).toString()));
    }
    terminal.draw(pictures);
  }
}
