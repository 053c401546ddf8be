// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtEnvironment;
import dev.coracle.CoracleException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A program that ends while its threads are busy with models, and what must come of it. */
final class Exits {

  private static final int STATUS = 7;
  private static final int THREADS = 4;

  /** What the program does when it ends. */
  enum During {
    OPENING,
    RUNNING,
    CLOSING,
    /** A shutdown hook opens and runs a model. */
    HOOK,
    /** As before, and nothing has started ONNX Runtime earlier. */
    FIRST_IN_HOOK,
    /** As before, but other code than Coracle has started ONNX Runtime. */
    FIRST_OF_OURS_IN_HOOK,
    /** Opening; ended by SIGTERM rather than by System.exit. */
    SIGTERM
  }

  private Exits() {}

  /** Runs the program once and asserts that it ends as it should, in {@code folder}. */
  static void check(During during, Path folder, Random random)
      throws IOException, InterruptedException {
    Path model = TestModel.mnist().withSize(128, 128, 10).write(folder.resolve("model.onnx"));
    int delay = random.nextInt(40);
    ChildJvm child =
        ChildJvm.start(
            folder,
            List.of("-Dcoracle.native.cache=" + folder.resolve("cache")),
            Exits.class,
            during,
            model,
            delay);
    if (during == During.SIGTERM) {
      child.awaitOutput();
      Thread.sleep(delay);
      child.process().destroy();
    }
    int status = child.await();
    String said = "%s, after %d ms: %s".formatted(during, delay, child.lines());
    assertThat(child.crashes()).as(said).isEmpty();
    assertThat(status).as(said).isEqualTo(during == During.SIGTERM ? 128 + 15 : STATUS);
    assertThat(child.lines())
        .containsExactlyElementsOf(
            switch (during) {
              case HOOK -> List.of("busy", "answered");
              case FIRST_IN_HOOK, FIRST_OF_OURS_IN_HOOK ->
                  List.of(
                      "busy",
                      "ONNX Runtime does not start while the JVM shuts down; open the model before");
              default -> List.of("busy");
            });
  }

  /** Arguments: what to be busy with, the model, milliseconds until the end. */
  public static void main(String[] args) throws InterruptedException {
    During during = During.valueOf(args[0]);
    Path file = Path.of(args[1]);
    List<byte[]> images = Collections.nCopies(16, new byte[128 * 128]);
    Runnable work = () -> Classifier.open(file).close();
    switch (during) {
      case OPENING, SIGTERM -> work.run();
      case RUNNING -> {
        Classifier shared = Classifier.open(file);
        work = () -> shared.classify(images);
      }
      case CLOSING -> {
        Queue<Classifier> opened = new ConcurrentLinkedQueue<>();
        for (int i = 0; i < 50; i++) {
          opened.add(Classifier.open(file));
        }
        work = () -> closeNext(opened);
      }
      case HOOK -> work.run();
      case FIRST_IN_HOOK -> {}
      case FIRST_OF_OURS_IN_HOOK -> {
        // A stack of the size that ONNX Runtime needs where the class path is long.
        Thread other = new Thread(null, OrtEnvironment::getEnvironment, "other", 64 << 20);
        other.start();
        other.join();
      }
    }
    if (during.name().endsWith("HOOK")) {
      Runtime.getRuntime().addShutdownHook(new Thread(() -> answer(file, images)));
    } else {
      keepBusy(work);
    }
    System.out.println("busy");
    Thread.sleep(during == During.SIGTERM ? 60_000 : Integer.parseInt(args[2]));
    System.exit(STATUS);
  }

  private static void keepBusy(Runnable work) {
    for (int i = 0; i < THREADS; i++) {
      Thread thread =
          new Thread(
              () -> {
                while (!Thread.currentThread().isInterrupted()) {
                  work.run();
                }
              });
      thread.setDaemon(true);
      thread.start();
    }
  }

  private static void closeNext(Queue<Classifier> opened) {
    Classifier next = opened.poll();
    if (next != null) {
      next.close();
    }
  }

  private static void answer(Path file, List<byte[]> images) {
    try (Classifier classifier = Classifier.open(file)) {
      classifier.classify(images);
      System.out.println("answered");
    } catch (CoracleException e) {
      System.out.println(e.getMessage());
    }
  }
}
