// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.Memory;
import dev.coracle.NativeHeap.Use;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the system says that this process holds after blocks between others have been freed. */
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

  @BeforeEach
  void glibcAdapts() {
    assumeTrue(Files.exists(Path.of("/proc/self/statm")), "needs Linux");
    assumeTrue(System.getenv("MALLOC_MMAP_THRESHOLD_") == null, "glibc does as it is told");
    assumeTrue(System.getenv("GLIBC_TUNABLES") == null, "glibc does as it is told");
    filled(2 * BLOCK).close(); // from now on glibc by itself would put such blocks on its heap
  }

  @Test
  void giveBack_freedBlocks_goBackUntilTheLastEnd() throws IOException {
    NativeHeap.begin(Use.GIVE_BACK);
    try {
      NativeHeap.begin(Use.GIVE_BACK);
      NativeHeap.end(Use.GIVE_BACK);
      assertThat(keptAfterFreeing()).isLessThan(BLOCKS * BLOCK / 3L);
    } finally {
      NativeHeap.end(Use.GIVE_BACK);
    }
  }

  @Test
  void keep_freedBlocks_stayUntilTheEnd() throws IOException {
    long before = resident();
    NativeHeap.begin(Use.KEEP);
    try {
      assertThat(keptAfterFreeing()).isGreaterThan(BLOCKS * BLOCK * 2L / 3);
    } finally {
      NativeHeap.end(Use.KEEP);
    }
    assertThat(resident() - before).isLessThan(BLOCKS * BLOCK / 3L);
  }

  /** An export within a training. */
  @Test
  void giveBack_whileKept_goesFirst() throws IOException {
    NativeHeap.begin(Use.KEEP);
    try {
      giveBack_freedBlocks_goBackUntilTheLastEnd();
      assertThat(keptAfterFreeing()).isGreaterThan(BLOCKS * BLOCK * 2L / 3);
    } finally {
      NativeHeap.end(Use.KEEP);
    }
  }
}
