// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.loss.Loss;
import ai.djl.training.loss.SoftmaxCrossEntropyLoss;
import ai.djl.training.optimizer.Optimizer;
import dev.coracle.CoracleException;
import dev.coracle.NativeHeap;
import dev.coracle.dataset.ImageSet;
import dev.coracle.net.Net;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Trains {@link Net} on labelled images and evaluates it.
 *
 * <pre>{@code
 * Mnist data = Mnist.read(Path.of("datasets/mnist"));
 * try (TrainingRun run = new TrainingRun(TrainingOptions.builder().build(), data.train(), data.test())) {
 *   Evaluation result = run.train(List.of());
 *   OnnxExporter.builder().block(run.block())...
 * }
 * }</pre>
 *
 * <p>How it works: both sets are kept on the device as one tensor each; an epoch draws one
 * permutation, and a step gathers its batch, normalises it, runs forward, loss and backward, and
 * applies the optimizer to each parameter. Every array of a step belongs to the step's own manager,
 * so that no array outlives its step. Seeds are set per epoch, not once, which makes a resumed run
 * equal to one that was never interrupted: bit for bit on one CPU thread.
 *
 * <p>Not thread-safe; DJL's PyTorch engine can record gradients for only one run per process at a
 * time. {@link #close} frees all native memory, after which nothing else may be called.
 */
public final class TrainingRun implements AutoCloseable {

  private final TrainingOptions options;
  private final ImageSet train;
  private final ImageSet test;
  private final Model model;
  private final Trainer trainer;
  private final OptimizerState optimizerState;
  private final Optimizer optimizer;
  private final StepLr learningRate;
  private final Loss loss = new SoftmaxCrossEntropyLoss("nll", 1, -1, true, false);
  private final NDManager data;
  private final DeviceImages trainImages;
  private final DeviceImages testImages;
  private final int stepsPerEpoch;
  private int epochsDone;
  private boolean interrupted;
  private volatile boolean stopped;

  /**
   * Prepares a run: network, optimizer, data on the device, and the checkpoint if it is to resume.
   *
   * @throws CoracleException when the device is missing, {@link Net} does not take the data, or the
   *     checkpoint does not fit the options
   */
  public TrainingRun(TrainingOptions options, ImageSet train, ImageSet test) {
    this.options = options;
    this.train = Evaluator.requireFit(train);
    this.test = Evaluator.requireFit(test);
    Device device = Devices.parse(options.device());
    stepsPerEpoch = (train.size() - 1) / options.batchSize() + 1; // rounded up
    learningRate = new StepLr(options.learningRate(), options.gamma(), stepsPerEpoch);
    model = engine().newModel("mnist", device);
    try {
      engine().setRandomSeed(options.seed());
      Net net = new Net();
      model.setBlock(net);
      net.initialize(
          model.getNDManager(), model.getDataType(), new Shape(1, 1, Net.SIZE, Net.SIZE));
      optimizerState = new OptimizerState(net.getParameters());
      if (options.resume()) {
        resume(checkpointFile());
      }
      optimizer =
          Optimizers.create(
              options.optimizer(), learningRate, epochsDone * stepsPerEpoch, optimizerState);
      trainer =
          model.newTrainer(
              new DefaultTrainingConfig(loss)
                  .optDevices(new Device[] {device})
                  .optOptimizer(optimizer));
      trainer.initialize(new Shape(1, 1, Net.SIZE, Net.SIZE));
      data = model.getNDManager().newSubManager();
      trainImages = new DeviceImages(data, train, Net.MEAN, Net.STD);
      testImages = new DeviceImages(data, test, Net.MEAN, Net.STD);
    } catch (RuntimeException | Error e) {
      model.close(); // and with it all that was created so far
      throw e;
    }
  }

  /**
   * Prepares a run on DJL data sets of grey 28×28 images, such as basicdataset's Mnist and
   * FashionMnist; they are read once, in their own order.
   *
   * @throws CoracleException also when {@link DjlDatasets#read} cannot take them
   */
  public TrainingRun(TrainingOptions options, RandomAccessDataset train, RandomAccessDataset test) {
    this(options, DjlDatasets.read(train), DjlDatasets.read(test));
  }

  /** Returns the network, which is closed with this run. */
  public Block block() {
    return model.getBlock();
  }

  /** Returns the device that the run trains on. */
  public Device device() {
    return model.getNDManager().getDevice();
  }

  /** Returns the number of finished epochs, including those before a resumed checkpoint. */
  public int epochsDone() {
    return epochsDone;
  }

  /**
   * Asks {@link #train} to return after the current step. Unless that is the last of its epoch, the
   * epoch has no checkpoint and this run cannot continue; the network stays as it is then, and can
   * be exported. May be called from any thread at any time; has no effect once training is done.
   */
  public void stop() {
    stopped = true;
  }

  /**
   * Trains the remaining epochs and evaluates after each; also writes a checkpoint after each if
   * the options name a folder.
   *
   * @return the evaluation after the last epoch, or after the step at which {@link #stop} ended it
   * @throws CoracleException when the loss is no longer a number, or a checkpoint cannot be written
   * @throws IllegalStateException when an earlier call ended within an epoch, by an exception or
   *     {@link #stop}
   */
  public Evaluation train(List<? extends MetricsListener> listeners) {
    if (interrupted) {
      throw new IllegalStateException(
          "an earlier call stopped within an epoch, so weights and learning rate no longer belong together; resume from the checkpoint in a new run");
    }
    NativeHeap.begin(NativeHeap.Use.KEEP);
    try {
      return trainEpochs(listeners);
    } finally {
      NativeHeap.end(NativeHeap.Use.KEEP);
    }
  }

  private Evaluation trainEpochs(List<? extends MetricsListener> listeners) {
    interrupted = true;
    @Nullable Evaluation evaluation = null;
    int last = options.dryRun() ? Math.min(epochsDone + 1, options.epochs()) : options.epochs();
    while (epochsDone < last && !(stopped && evaluation != null)) {
      long start = System.nanoTime();
      int epoch = epochsDone + 1;
      EpochTotals totals = trainEpoch(epoch, listeners);
      double seconds = (System.nanoTime() - start) / 1e9;
      evaluation = evaluate();
      if (stopped && totals.images < train.size()) {
        return evaluation;
      }
      if (!Double.isFinite(evaluation.loss())) {
        // Caused by the last step's update: the loss of that step is from before its update.
        throw diverged(evaluation.loss(), epoch, totals.steps);
      }
      epochsDone = epoch;
      MetricsListener.Epoch metrics =
          new MetricsListener.Epoch(
              epoch,
              options.epochs(),
              totals.loss / totals.images,
              evaluation.loss(),
              evaluation.correct(),
              evaluation.images(),
              evaluation.accuracy(),
              seconds,
              totals.images / seconds,
              learningRate.getNewValue(epoch * stepsPerEpoch));
      if (options.checkpointFolder() != null && !options.dryRun()) {
        writeCheckpoint(evaluation);
      }
      listeners.forEach(l -> l.onEpoch(metrics));
    }
    interrupted = false;
    return evaluation == null ? evaluate() : evaluation;
  }

  private static final class EpochTotals {
    double loss;
    int images;
    int steps;
  }

  private EpochTotals trainEpoch(int epoch, List<? extends MetricsListener> listeners) {
    EpochTotals totals = new EpochTotals();
    long epochSeed = epochSeed(options.seed(), epoch);
    engine().setRandomSeed((int) epochSeed); // dropout
    try (NDManager manager = model.getNDManager().newSubManager()) {
      NDArray order = trainImages.shuffled(manager, epochSeed);
      int steps = options.dryRun() ? 1 : stepsPerEpoch;
      for (int step = 1; step <= steps && !(stopped && step > 1); step++) {
        int from = (step - 1) * options.batchSize();
        int to = Math.min(from + options.batchSize(), train.size());
        float value = trainStep(manager, order, from, to, epoch, step);
        totals.loss += (double) value * (to - from);
        totals.images = to;
        totals.steps = step;
        MetricsListener.Step metrics =
            new MetricsListener.Step(
                epoch,
                step,
                stepsPerEpoch,
                to,
                train.size(),
                value,
                learningRate.getNewValue((epoch - 1) * stepsPerEpoch + step));
        listeners.forEach(l -> l.onStep(metrics));
      }
    }
    return totals;
  }

  /** Mixes seed and epoch well: neighbouring values must not share shuffles or dropout masks. */
  private static long epochSeed(int seed, int epoch) {
    return new SplittableRandom(((long) seed << 32) | epoch).nextLong();
  }

  /** Trains one step and returns its loss from before the update. */
  private float trainStep(NDManager parent, NDArray order, int from, int to, int epoch, int step) {
    try (NDManager manager = parent.newSubManager()) {
      NDArray images = trainImages.images(manager, order, from, to); // (B,1,28,28)
      NDArray labels = trainImages.labels(manager, order, from, to); // (B)
      float value;
      try (GradientCollector collector = trainer.newGradientCollector()) {
        NDList logProbabilities = trainer.forward(new NDList(images)); // (B,10)
        NDArray mean = loss.evaluate(new NDList(labels), logProbabilities);
        value = mean.getFloat();
        if (!Float.isFinite(value)) {
          throw diverged(value, epoch, step);
        }
        collector.backward(mean);
      }
      updateParameters();
      return value;
    }
  }

  /**
   * Applies the optimizer to each parameter. Not by {@link Trainer#step}: that refuses a first step
   * whose gradients are all zero, which are legitimate when a perfect network is resumed.
   */
  private void updateParameters() {
    for (Parameter parameter : block().getParameters().values()) {
      NDArray weight = parameter.getArray();
      // A copy: DJL's optimizers zero the gradient before they are done with it.
      try (NDArray gradient = weight.getGradient();
          NDArray copy = gradient.duplicate()) {
        optimizer.update(parameter.getId(), weight, copy);
      }
    }
  }

  private CoracleException diverged(double value, int epoch, int step) {
    @Nullable Path folder = options.checkpointFolder();
    String kept =
        folder == null || epochsDone == 0
            ? "no epoch was finished"
            : "the checkpoint of epoch %d is kept in %s".formatted(epochsDone, folder);
    return new CoracleException(
        "the loss became %s in epoch %d, step %d, with learning rate %s: training stopped, %s; try a smaller learning rate"
            .formatted(value, epoch, step, options.learningRate(), kept));
  }

  /** Evaluates the network on the test images, without dropout and without recording gradients. */
  public Evaluation evaluate() {
    int size = options.dryRun() ? Math.min(options.testBatchSize(), test.size()) : test.size();
    float[] logProbabilities =
        Evaluator.logProbabilities(
            block(), model.getNDManager(), testImages, size, options.testBatchSize());
    return Evaluation.of(logProbabilities, test.first(size));
  }

  private Path checkpointFile() {
    return Objects.requireNonNull(options.checkpointFolder()).resolve(Checkpoint.FILE_NAME);
  }

  private void writeCheckpoint(Evaluation evaluation) {
    Path file = checkpointFile();
    try {
      new Checkpoint(
              epochsDone,
              epochsDone * stepsPerEpoch,
              options.seed(),
              options.batchSize(),
              options.learningRate(),
              options.gamma(),
              options.optimizer(),
              train.sha256(),
              evaluation.accuracy())
          .write(file, block().getParameters(), optimizerState);
    } catch (IOException e) {
      throw new CoracleException(
          "cannot write checkpoint %s: %s; an earlier one is kept as it was"
              .formatted(file, CoracleException.reason(e)),
          e);
    }
  }

  private void resume(Path file) {
    Checkpoint checkpoint =
        Checkpoint.load(
            file,
            header -> requireFit(file, header),
            block().getParameters(),
            model.getNDManager(),
            optimizerState);
    epochsDone = checkpoint.epoch();
  }

  private void requireFit(Path file, Checkpoint checkpoint) {
    requireSame(file, "seed", checkpoint.seed(), options.seed());
    requireSame(file, "batch size", checkpoint.batchSize(), options.batchSize());
    requireSame(file, "learning rate", checkpoint.learningRate(), options.learningRate());
    requireSame(file, "gamma", checkpoint.gamma(), options.gamma());
    requireSame(file, "optimizer", checkpoint.optimizer(), options.optimizer());
    requireSame(file, "training data (SHA-256)", checkpoint.dataSha256(), train.sha256());
    requireSame(
        file, "number of updates", checkpoint.updates(), checkpoint.epoch() * stepsPerEpoch);
  }

  private static void requireSame(Path file, String what, Object saved, Object wanted) {
    if (!saved.equals(wanted)) {
      throw new CoracleException(
          "cannot resume from %s: its %s is %s, this run's is %s; give the same value, or start again without --resume"
              .formatted(file, what, saved, wanted));
    }
  }

  private static Engine engine() {
    return Devices.engine();
  }

  @Override
  public void close() {
    trainer.close();
    optimizerState.close();
    model.close();
  }
}
