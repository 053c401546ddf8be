// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.basicdataset.cv.classification.FashionMnist;
import ai.djl.basicdataset.cv.classification.Mnist;
import ai.djl.modality.cv.transform.ToTensor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.repository.Repository;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.dataset.Record;
import ai.djl.training.loss.SoftmaxCrossEntropyLoss;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.Pipeline;
import ai.djl.util.Progress;
import dev.coracle.CoracleException;
import dev.coracle.dataset.ImageSet;
import dev.coracle.net.Golden;
import dev.coracle.net.Net;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DjlDatasetsTest {

  /** More than a batch of 1000, so that two batches are joined. */
  private static final ImageSet SOME = Images.ALL.first(1100);

  private final Path folder;
  private final NDManager manager = Devices.engine().newBaseManager(Device.cpu());

  DjlDatasetsTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @AfterEach
  void close() {
    manager.close();
    System.clearProperty("DJL_CACHE_DIR"); // which DjlRepository sets
  }

  @Test
  void of_inOrder_normalisedBatches() throws Exception {
    List<Long> labels = new ArrayList<>();
    List<Long> sizes = new ArrayList<>();
    RandomAccessDataset dataset = DjlDatasets.of(manager, Images.TEST, Net.MEAN, Net.STD, 8, false);
    for (Batch batch : dataset.getData(manager)) {
      try (batch) {
        NDArray images = batch.getData().singletonOrThrow();
        int from = labels.size();
        int count = (int) images.getShape().get(0);
        sizes.add(images.getShape().get(0));
        assertThat(images.toFloatArray())
            .containsExactly(Golden.images(manager, Images.TEST, from, count).toFloatArray());
        for (long label : batch.getLabels().singletonOrThrow().toLongArray()) {
          labels.add(label);
        }
      }
    }
    assertThat(sizes).containsExactly(8L, 8L, 4L);
    assertThat(labels).hasSize(20);
    for (int i = 0; i < 20; i++) {
      assertThat(labels.get(i)).isEqualTo(Images.TEST.label(i));
    }
  }

  @Test
  void of_random_isTheSameImagesInAnotherOrderEachPass() throws Exception {
    RandomAccessDataset inOrder = DjlDatasets.of(manager, Images.TEST, Net.MEAN, Net.STD, 8, false);
    RandomAccessDataset random = DjlDatasets.of(manager, Images.TEST, Net.MEAN, Net.STD, 8, true);
    List<List<Float>> images = images(inOrder);
    List<List<Float>> first = images(random);
    List<List<Float>> second = images(random);
    assertThat(images).hasSize(20).doesNotHaveDuplicates();
    assertThat(first).isNotEqualTo(images).containsExactlyInAnyOrderElementsOf(images);
    assertThat(second).isNotEqualTo(first).containsExactlyInAnyOrderElementsOf(images);
  }

  /** Returns the images of one pass, each followed by its label. */
  private List<List<Float>> images(RandomAccessDataset dataset) throws Exception {
    List<List<Float>> images = new ArrayList<>();
    for (Batch batch : dataset.getData(manager)) {
      try (batch) {
        float[] pixels = batch.getData().singletonOrThrow().toFloatArray();
        long[] labels = batch.getLabels().singletonOrThrow().toLongArray();
        for (int i = 0; i < labels.length; i++) {
          List<Float> image = new ArrayList<>();
          for (int p = 0; p < 784; p++) {
            image.add(pixels[i * 784 + p]);
          }
          image.add((float) labels[i]);
          images.add(image);
        }
      }
    }
    return images;
  }

  @Test
  void of_easyTrain_lossFalls() throws Exception {
    Devices.engine().setRandomSeed(1);
    try (Model model = Devices.engine().newModel("easy", Device.cpu());
        Adadelta adadelta = Adadelta.builder().optLearningRateTracker(Tracker.fixed(1f)).build()) {
      model.setBlock(new Net());
      SoftmaxCrossEntropyLoss loss = new SoftmaxCrossEntropyLoss("nll", 1, -1, true, false);
      DefaultTrainingConfig config =
          new DefaultTrainingConfig(loss)
              .optDevices(new Device[] {Device.cpu()})
              .optOptimizer(adadelta);
      try (Trainer trainer = model.newTrainer(config)) {
        trainer.initialize(new Shape(1, 1, 28, 28));
        RandomAccessDataset dataset =
            DjlDatasets.of(manager, Images.TRAIN, Net.MEAN, Net.STD, 16, true);
        double before =
            Evaluator.evaluate(model.getBlock(), model.getNDManager(), Images.TRAIN, 40).loss();
        EasyTrain.fit(trainer, 4, dataset, null);
        double after =
            Evaluator.evaluate(model.getBlock(), model.getNDManager(), Images.TRAIN, 40).loss();
        assertThat(after).isLessThan(before * 0.8);
      }
    }
  }

  @Test
  void read_mnistOfDjl_sameBytes() throws Exception {
    Repository repository = DjlRepository.write(folder, "mnist", SOME, Images.TEST);
    for (Dataset.Usage usage : new Dataset.Usage[] {Dataset.Usage.TRAIN, Dataset.Usage.TEST}) {
      Mnist dataset =
          Mnist.builder()
              .optManager(manager)
              .optRepository(repository)
              .optUsage(usage)
              .setSampling(32, true)
              .build();
      ImageSet expected = usage == Dataset.Usage.TRAIN ? SOME : Images.TEST;
      assertThat(DjlDatasets.read(dataset).sha256()).isEqualTo(expected.sha256());
    }
  }

  @Test
  void read_fashionMnistOfDjl_sameBytes() throws Exception {
    FashionMnist dataset =
        FashionMnist.builder()
            .optManager(manager)
            .optRepository(DjlRepository.write(folder, "fashmnist", SOME, Images.TEST))
            .optUsage(Dataset.Usage.TRAIN)
            .setSampling(32, false)
            .build();
    assertThat(DjlDatasets.read(dataset).sha256()).isEqualTo(SOME.sha256());
  }

  @Test
  void construct_runOnDjlDatasets_sameBitsAsOnOurOwn() throws Exception {
    Repository repository = DjlRepository.write(folder, "mnist", Images.TRAIN, Images.TEST);
    RandomAccessDataset train =
        Mnist.builder().optManager(manager).optRepository(repository).setSampling(5, true).build();
    RandomAccessDataset test =
        Mnist.builder()
            .optManager(manager)
            .optRepository(repository)
            .optUsage(Dataset.Usage.TEST)
            .setSampling(5, true)
            .build();
    TrainingOptions options = Images.options().build();
    float[] expected;
    try (TrainingRun run = new TrainingRun(options, Images.TRAIN, Images.TEST)) {
      expected = run.train(List.of()).logProbabilities();
    }
    try (TrainingRun run = new TrainingRun(options, train, test)) {
      assertThat(run.train(List.of()).logProbabilities()).containsExactly(expected);
    }
  }

  @Test
  void read_normalisedMnistOfDjl_refused() throws Exception {
    Mnist dataset =
        Mnist.builder()
            .optManager(manager)
            .optRepository(DjlRepository.write(folder, "mnist", SOME, Images.TEST))
            .setSampling(32, true)
            .optPipeline(new Pipeline(new ToTensor(), image -> image.sub(0.1307f).div(0.3081f)))
            .build();
    assertRefused(dataset, "leave out Normalize");
  }

  @Test
  void read_rawPixelsInAnyGreyShape_sameBytes() {
    float[] pixels = new float[20 * 784];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = Images.TEST.pixels().get(i) & 0xff;
    }
    for (Shape shape :
        List.of(new Shape(20, 28, 28), new Shape(20, 1, 28, 28), new Shape(20, 28, 28, 1))) {
      ArrayDataset dataset =
          dataset(manager.create(pixels, shape), Golden.labels(manager, Images.TEST, 0, 20));
      assertThat(DjlDatasets.read(dataset).sha256())
          .as("%s", shape)
          .isEqualTo(Images.TEST.sha256());
    }
  }

  @Test
  void read_emptyImagesFirst_scaleOfTheOthers() {
    float[] pixels = new float[1001 * 4];
    pixels[1000 * 4] = 200; // in the second batch
    ImageSet set =
        DjlDatasets.read(
            dataset(manager.create(pixels, new Shape(1001, 2, 2)), manager.create(new long[1001])));
    assertThat(set.image(1000)).containsExactly(200, 0, 0, 0);
  }

  @Test
  void read_colour_refused() {
    NDArray label = manager.create(new long[2]);
    assertRefused(dataset(manager.zeros(new Shape(2, 3, 28, 28)), label), "expected grey images");
    assertRefused(dataset(manager.zeros(new Shape(2, 28, 28, 3)), label), "expected grey images");
    assertRefused(dataset(manager.zeros(new Shape(2, 784)), label), "expected grey images");
  }

  @Test
  void read_valuesThatAreNoPixels_refused() {
    for (float value : new float[] {256, -1, 2.5f, Float.NaN, Float.POSITIVE_INFINITY, 1e30f}) {
      NDArray image = manager.create(new float[] {255, value, 0, 0}, new Shape(1, 2, 2));
      assertRefused(dataset(image, manager.create(new long[1])), "has a pixel " + value);
    }
  }

  @Test
  void read_labelsThatAreNoBytes_refused() {
    NDArray image = manager.zeros(new Shape(1, 2, 2));
    assertRefused(dataset(image, manager.create(new long[] {256})), "has a label 256.0");
    assertRefused(dataset(image, manager.create(new long[] {-1})), "has a label -1.0");
    assertRefused(dataset(image, manager.create(new float[] {0.5f})), "has a label 0.5");
  }

  @Test
  void read_oneHotLabels_namesTheirShape() {
    NDArray images = manager.zeros(new Shape(20, 28, 28));
    assertRefused(
        dataset(images, manager.zeros(new Shape(20, 10))),
        "has labels of shape (20, 10) for 20 images; expected the number of a class for each");
    assertThat(DjlDatasets.read(dataset(images, manager.ones(new Shape(20, 1)))).label(19))
        .isEqualTo(1);
  }

  @Test
  void read_batchesOfOtherSizes_refused() {
    assertRefused(new Growing(), "has images of 3×2 after others of 2×2; expected one size");
  }

  /** 1,001 empty images, of which the last, alone in its batch, has a row more. */
  private static final class Growing extends RandomAccessDataset {
    Growing() {
      super(new ArrayDataset.Builder().setSampling(1, false));
    }

    @Override
    public Record get(NDManager manager, long index) {
      Shape shape = new Shape(index < 1000 ? 2 : 3, 2);
      return new Record(new NDList(manager.zeros(shape)), new NDList(manager.zeros(new Shape(1))));
    }

    @Override
    protected long availableSize() {
      return 1001;
    }

    @Override
    public void prepare(@Nullable Progress progress) {}
  }

  @Test
  void read_noLabels_refused() {
    ArrayDataset dataset =
        new ArrayDataset.Builder()
            .setData(manager.zeros(new Shape(1, 2, 2)))
            .setSampling(1, false)
            .build();
    assertRefused(dataset, "has 0 labels for an image; expected one");
  }

  private static ArrayDataset dataset(NDArray images, NDArray labels) {
    return new ArrayDataset.Builder()
        .setData(images)
        .optLabels(labels)
        .setSampling(3, true)
        .build();
  }

  private static void assertRefused(RandomAccessDataset dataset, String message) {
    assertThatThrownBy(() -> DjlDatasets.read(dataset))
        .isInstanceOf(CoracleException.class)
        .hasMessageStartingWith("the DJL data set has ")
        .hasMessageContaining(message);
  }
}
