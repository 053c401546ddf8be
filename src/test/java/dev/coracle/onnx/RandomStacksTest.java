// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.onnxruntime.OrtException;
import dev.coracle.onnx.RandomStacks.Stack;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Random stacks of layers: the file agrees with DJL, or there is none, and the reason is named. */
class RandomStacksTest {

  /** Each seed is a stack; {@code -Dcoracle.stacks=FROM-TO} runs others. */
  private static final String SEEDS = System.getProperty("coracle.stacks", "0-499");

  /** How many of 500 are exported at least; the rest is refused. */
  private static final int MIN_EXPORTED = 500;

  @Test
  void export_randomStacks_agreesOrIsRefused() throws IOException, OrtException {
    String[] range = SEEDS.split("-", -1);
    int first = Integer.parseInt(range[0]);
    int last = Integer.parseInt(range[1]);
    int exported = 0;
    Map<String, Integer> refused = new TreeMap<>();
    for (int seed = first; seed <= last; seed++) {
      Engine.getInstance().setRandomSeed(seed);
      try (NDManager manager = NDManager.newBaseManager()) {
        Stack stack = RandomStacks.of(seed, manager);
        try {
          Exports.assertAgrees(stack.block(), stack.input(), 1e-4);
          exported++;
        } catch (ExportException e) {
          assertThat(e)
              .as("seed %d: %s", seed, stack.layers())
              .hasMessageContaining("called at")
              .hasMessageNotContaining("fault of the exporter");
          refused.merge(String.valueOf(e.getMessage()).replaceFirst(" .*", ""), 1, Integer::sum);
        } catch (AssertionError | RuntimeException | OrtException e) {
          throw new AssertionError("seed %d: %s".formatted(seed, stack.layers()), e);
        }
      }
    }
    assertThat(exported)
        .as("exported of seeds %s; refused: %s", SEEDS, refused)
        .isGreaterThanOrEqualTo(MIN_EXPORTED * (last - first + 1) / 500);
  }
}
