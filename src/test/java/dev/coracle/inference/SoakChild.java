// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.coracle.CoracleException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Opens and runs mutants of {@link ModelMutator}, in a process that may die of it. Says on standard
 * output, a line each, what it is about to do ("soak load 17", "soak run 17") and how a file ended
 * ("soak refused 17"; unloadable, opened, failed, ran).
 */
final class SoakChild {

  /** Enough for any of the corpus; an input that a mutation made larger is not worth running. */
  private static final long MAX_INPUT = 1 << 20;

  private static final int RUN_SECONDS = 2;

  private SoakChild() {}

  /** Arguments: seed, first number, last number (exclusive), folder for the files. */
  public static void main(String[] args) throws Exception {
    long seed = Long.parseLong(args[0]);
    Path file = Path.of(args[3], "mutant-" + ProcessHandle.current().pid() + ".onnx");
    ModelMutator mutator = new ModelMutator(SoakModels.all());
    Environment.get();
    say("started", 0);
    ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(SoakChild::daemon);
    for (int number = Integer.parseInt(args[1]); number < Integer.parseInt(args[2]); number++) {
      Files.write(file, mutator.mutant(seed, number));
      say(outcome(file, number, clock), number);
    }
  }

  private static void say(String what, int number) {
    System.out.println("soak " + what + " " + number); // ONNX Runtime writes there too
  }

  static String outcome(Path file, int number, ScheduledExecutorService clock) throws OrtException {
    ModelFile model;
    try {
      model = ModelFile.read(file, ModelOptions.DEFAULTS);
    } catch (InvalidModelException e) {
      return "refused";
    }
    say("load", number);
    try (OrtSession session = Sessions.create(model, ModelOptions.DEFAULTS)) {
      say("run", number);
      return run(session, model.signature().inputs(), clock);
    } catch (CoracleException e) {
      return "unloadable";
    }
  }

  private static String run(
      OrtSession session, List<TensorSpec> inputs, ScheduledExecutorService clock)
      throws OrtException {
    Map<String, OnnxTensor> tensors = new HashMap<>();
    try (OrtSession.RunOptions options = new OrtSession.RunOptions()) {
      for (TensorSpec input : inputs) {
        long[] shape = input.shape().stream().mapToLong(size -> Math.max(1, size)).toArray();
        double elements = 1;
        for (long size : shape) {
          elements *= size;
        }
        if (elements > MAX_INPUT) {
          return "opened";
        }
        tensors.put(input.name(), tensor(input.dtype(), shape, (int) elements));
      }
      ScheduledFuture<?> deadline =
          clock.schedule(() -> terminate(options), RUN_SECONDS, TimeUnit.SECONDS);
      try {
        session.run(tensors, options).close();
        return "ran";
      } finally {
        deadline.cancel(false);
      }
    } catch (OrtException | RuntimeException e) {
      return "failed";
    } finally {
      tensors.values().forEach(OnnxTensor::close);
    }
  }

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(work, "deadline");
    thread.setDaemon(true);
    return thread;
  }

  private static void terminate(OrtSession.RunOptions options) {
    try {
      options.setTerminate(true);
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }

  private static OnnxTensor tensor(DType dtype, long[] shape, int elements) throws OrtException {
    ByteBuffer data =
        ByteBuffer.allocateDirect(elements * dtype.bytes()).order(ByteOrder.nativeOrder());
    for (int i = 0; i < data.capacity(); i++) {
      data.put(i, (byte) (i % dtype.bytes() == 0 ? 1 : 0)); // small numbers, true
    }
    OnnxJavaType type =
        switch (dtype) {
          case FLOAT32 -> OnnxJavaType.FLOAT;
          case FLOAT64 -> OnnxJavaType.DOUBLE;
          default -> OnnxJavaType.valueOf(dtype.name());
        };
    return OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), data, shape, type);
  }
}
