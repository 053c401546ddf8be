// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.BatchSampler;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.dataset.SequenceSampler;
import ai.djl.translate.TranslateException;
import dev.coracle.CoracleException;
import dev.coracle.dataset.ImageSet;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;

/** Converts between Coracle's image sets and DJL's data sets. */
public final class DjlDatasets {

  private static final String PIXELS =
      "0..255, or [0, 1] after ToTensor: leave out Normalize and other transforms, since the"
          + " training loop normalises";

  private DjlDatasets() {}

  /**
   * Returns a set as a DJL data set, for EasyTrain and others: batches of float32
   * (B,1,rows,columns) normalised with {@code mean} and {@code std}, and int64 labels (B).
   *
   * @param manager owns the arrays; must stay open while the data set is in use
   * @param random whether each pass has a new random order
   */
  public static RandomAccessDataset of(
      NDManager manager, ImageSet set, float mean, float std, int batchSize, boolean random) {
    DeviceImages images = new DeviceImages(manager, set, mean, std);
    return new ArrayDataset.Builder()
        .setData(images.images(manager, 0, set.size()))
        .optLabels(images.labels())
        .setSampling(batchSize, random)
        .build();
  }

  /**
   * Reads a whole DJL data set of grey images, such as basicdataset's Mnist and FashionMnist, in
   * its own order. Takes raw pixels 0..255, or pixels in [0, 1] as DJL's ToTensor leaves them (the
   * default of those classes); which of the two is decided by the first batch of 1000 images that
   * has any ink. The shape is (B,rows,columns), (B,1,rows,columns) or (B,rows,columns,1).
   *
   * @throws CoracleException when shapes or values differ from these, for example because they are
   *     already normalised
   */
  public static ImageSet read(RandomAccessDataset dataset) {
    ByteArrayOutputStream labels = new ByteArrayOutputStream();
    ByteArrayOutputStream pixels = new ByteArrayOutputStream();
    long[] size = {};
    try (NDManager manager = Devices.engine().newBaseManager()) {
      float scale = 0;
      for (Batch batch :
          dataset.getData(manager, new BatchSampler(new SequenceSampler(), 1000, false))) {
        try (batch) {
          NDArray images = single(batch.getData(), "array");
          size = requireSame(size, sizeOf(images.getShape()));
          float[] values = images.toType(DataType.FLOAT32, false).toFloatArray();
          if (scale == 0 && max(values) > 0) { // an all-black batch tells nothing
            scale = max(values) <= 1 ? 255 : 1;
          }
          for (float value : values) {
            pixels.write(toByte(value, scale == 0 ? 1 : scale, "pixel", PIXELS));
          }
          NDArray classes = single(batch.getLabels(), "label");
          requireOneEach(classes.getShape(), images.getShape().get(0));
          for (float label : classes.toType(DataType.FLOAT32, false).toFloatArray()) {
            labels.write(toByte(label, 1, "label", "0 to 255"));
          }
        }
      }
    } catch (IOException | TranslateException e) {
      throw new CoracleException("cannot read the DJL data set: " + e.getMessage(), e);
    }
    if (labels.size() == 0) {
      throw new CoracleException("the DJL data set has no images; expected at least one");
    }
    return ImageSet.of((int) size[0], (int) size[1], pixels.toByteArray(), labels.toByteArray());
  }

  private static long[] sizeOf(Shape shape) {
    int rank = shape.dimension();
    if (rank == 3) {
      return new long[] {shape.get(1), shape.get(2)};
    }
    if (rank == 4 && shape.get(1) == 1) {
      return new long[] {shape.get(2), shape.get(3)};
    }
    if (rank == 4 && shape.get(3) == 1) {
      return new long[] {shape.get(1), shape.get(2)};
    }
    throw new CoracleException(
        "the DJL data set has batches of shape "
            + shape
            + "; expected grey images: (B,rows,columns), (B,1,rows,columns) or (B,rows,columns,1)");
  }

  /**
   * Returns the size of all images so far, of which there are none where {@code before} is empty.
   */
  private static long[] requireSame(long[] before, long[] size) {
    if (before.length > 0 && !Arrays.equals(before, size)) {
      throw new CoracleException(
          "the DJL data set has images of %d×%d after others of %d×%d; expected one size"
              .formatted(size[0], size[1], before[0], before[1]));
    }
    return size;
  }

  private static void requireOneEach(Shape labels, long images) {
    if (labels.size() != images) {
      throw new CoracleException(
          "the DJL data set has labels of shape %s for %d images; expected the number of a class for each: (B) or (B,1), not one-hot"
              .formatted(labels, images));
    }
  }

  private static float max(float[] values) {
    float max = 0;
    for (float value : values) {
      max = Math.max(max, value);
    }
    return max;
  }

  private static NDArray single(NDList list, String what) {
    if (list.size() != 1) {
      throw new CoracleException(
          "the DJL data set has %d %ss for an image; expected one".formatted(list.size(), what));
    }
    return list.get(0);
  }

  /** Returns value · scale, which must be a whole number from 0 to 255, rounding error aside. */
  private static int toByte(float value, float scale, String what, String expected) {
    float scaled = value * scale;
    int rounded = Math.round(scaled);
    // Phrased so that NaN fails the check.
    if (!(rounded >= 0 && rounded <= 255 && Math.abs(scaled - rounded) <= 1e-3f)) {
      throw new CoracleException(
          "the DJL data set has a %s %s; expected %s".formatted(what, value, expected));
    }
    return rounded;
  }
}
