// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.LONG;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.Memory;
import dev.coracle.NativeHeap.Use;
import dev.coracle.inference.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the system says that a process holds after blocks between others have been freed; one of its
 * own, as in this one other tests have left a heap.
 */
class NativeHeapTest {

  private static final int BLOCKS = 12;
  private static final int BLOCK = 15 << 20;
  private static final int PAGE = 4096;

  private static long resident() throws IOException {
    return Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ", -1)[1]) * PAGE;
  }

  /**
   * Frees blocks that each have a small one behind them, which stays; returns what stays in all.
   */
  private static long keptAfterFreeing() throws IOException {
    List<Memory> large = new ArrayList<>();
    List<Memory> small = new ArrayList<>();
    long before = resident();
    for (int i = 0; i < BLOCKS; i++) {
      large.add(filled(BLOCK));
      small.add(filled(100 << 10));
    }
    large.forEach(Memory::close);
    long kept = resident() - before;
    small.forEach(Memory::close);
    return kept;
  }

  private static Memory filled(int size) {
    Memory memory = new Memory(size);
    memory.setMemory(0, size, (byte) 1);
    return memory;
  }

  /** Prints how much stays of freed blocks in a use, and after it. */
  static final class Child {

    private Child() {}

    public static void main(String[] args) throws IOException {
      filled(2 * BLOCK).close(); // from now on glibc by itself would put such blocks on its heap
      Use use = Use.valueOf(args[0]);
      long before = resident();
      NativeHeap.begin(use);
      NativeHeap.begin(use);
      NativeHeap.end(use);
      System.out.println(keptAfterFreeing());
      NativeHeap.end(use);
      System.out.println(resident() - before);
    }
  }

  private static List<Long> kept(Use use, Path folder) throws Exception {
    assumeTrue(Files.exists(Path.of("/proc/self/statm")), "needs Linux");
    assumeTrue(
        System.getenv().keySet().stream()
            .noneMatch(name -> name.startsWith("MALLOC_") || name.equals("GLIBC_TUNABLES")),
        "glibc does as it is told");
    ChildJvm child = ChildJvm.start(folder, List.of(), Child.class, use);
    assertThat(child.await()).as("%s", child.lines()).isZero();
    return child.lines().stream().map(Long::valueOf).toList();
  }

  @Test
  void giveBack_freedBlocks_goAtOnce(@TempDir Path folder) throws Exception {
    assertThat(kept(Use.GIVE_BACK, folder)).first(LONG).isLessThan(BLOCKS * BLOCK / 3L);
  }

  @Test
  void keep_freedBlocks_goAtTheEnd(@TempDir Path folder) throws Exception {
    List<Long> kept = kept(Use.KEEP, folder);
    assertThat(kept.get(0)).isGreaterThan(BLOCKS * BLOCK * 2L / 3);
    assertThat(kept.get(1)).isLessThan(BLOCKS * BLOCK / 3L);
  }
}
