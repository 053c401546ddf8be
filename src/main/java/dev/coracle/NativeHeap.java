// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import com.sun.jna.Platform;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Tells the C library, between {@link #begin} and {@link #end}, what is to become of the large
 * blocks of native memory that libtorch frees. Thread-safe; holds for the whole process. Does
 * nothing where there is no glibc, or where the environment says what glibc is to do.
 */
public final class NativeHeap {

  /** What becomes of freed blocks; where several are under way, the first of these counts. */
  public enum Use {
    /**
     * They go back to the system at once: for what needs large blocks only once. Once a few have
     * been freed, glibc takes blocks of up to 32 MB from its heap, which it seldom gives back, and
     * in which its versions before 2.38 hardly find a free block for libtorch's next, aligned to 64
     * bytes. A process that needs 100 MB at a time then holds 500.
     */
    GIVE_BACK,

    /**
     * They stay with the process: for what needs the same blocks a thousand times, such as the
     * steps of a training. Else the system clears the pages of each block again in each step.
     */
    KEEP
  }

  // From glibc's malloc.h; the values are its own first ones.
  private static final int M_TRIM_THRESHOLD = -1;
  private static final int M_TOP_PAD = -2;
  private static final int M_MMAP_THRESHOLD = -3;
  private static final int M_MMAP_MAX = -4;
  private static final int TOP_PAD = 128 << 10;
  private static final int MMAP_MAX = 65_536;
  private static final int MMAP_THRESHOLD = 128 << 10;

  /** Where glibc's adapting of the threshold ends, as it adapts no more once it has been told. */
  private static final int ADAPTED = 32 << 20;

  private static final List<String> VARIABLES =
      List.of(
          "GLIBC_TUNABLES",
          "MALLOC_MMAP_MAX_",
          "MALLOC_MMAP_THRESHOLD_",
          "MALLOC_TOP_PAD_",
          "MALLOC_TRIM_THRESHOLD_");

  private static final Map<Use, Integer> USERS = new EnumMap<>(Use.class);

  private interface CLibrary extends Library {
    int mallopt(int parameter, int value);

    int malloc_trim(NativeLong pad);
  }

  private static final class Holder {
    private static final CLibrary C = Native.load("c", CLibrary.class);
  }

  private NativeHeap() {}

  /** Starts a use; blocks that are in use already stay where they are. */
  public static synchronized void begin(Use use) {
    USERS.merge(use, 1, Integer::sum);
    apply();
  }

  /** Ends what one {@link #begin} has started. */
  public static synchronized void end(Use use) {
    USERS.computeIfPresent(use, (same, users) -> users == 1 ? null : users - 1);
    apply();
  }

  private static void apply() {
    if (VARIABLES.stream().anyMatch(name -> System.getenv(name) != null)) {
      return;
    }
    try {
      if (!Platform.isLinux()) {
        return;
      }
      if (USERS.containsKey(Use.GIVE_BACK)) {
        set(MMAP_MAX, MMAP_THRESHOLD, 2 * MMAP_THRESHOLD, TOP_PAD);
      } else if (USERS.containsKey(Use.KEEP)) {
        set(0, ADAPTED, 1 << 30, 64 << 20); // all from the heap, which does not shrink
        return;
      } else {
        set(MMAP_MAX, ADAPTED, 2 * ADAPTED, TOP_PAD);
      }
      Holder.C.malloc_trim(new NativeLong(0)); // what was kept
    } catch (LinkageError e) {
      // Another C library, no JNA, or none for this processor: slower or more memory, no more.
    }
  }

  private static void set(int maps, int threshold, int trim, int pad) {
    Holder.C.mallopt(M_MMAP_MAX, maps);
    Holder.C.mallopt(M_MMAP_THRESHOLD, threshold);
    Holder.C.mallopt(M_TRIM_THRESHOLD, trim);
    Holder.C.mallopt(M_TOP_PAD, pad);
  }
}
