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
 * Tells the C library, between {@link #begin} and {@link #end}, what to do with large blocks of
 * native memory that libtorch frees. Thread-safe; applies to the whole process. Does nothing
 * without glibc, or where environment variables configure glibc's malloc.
 */
public final class NativeHeap {

  /** What is done with freed blocks; where several uses are active, the first of these applies. */
  public enum Use {
    /**
     * They are returned to the system at once: for work that needs large blocks only once. By
     * default, after a few have been freed, glibc takes blocks of up to 32 MB from its heap, which
     * it seldom gives back, and in which versions before 2.38 hardly ever find a free block for
     * libtorch's next request, aligned to 64 bytes. A process that needs 100 MB at a time then
     * holds 500 MB.
     */
    GIVE_BACK,

    /**
     * They stay with the process: for work that needs the same blocks a thousand times, such as the
     * steps of a training. Otherwise the system would clear the pages of each block again in each
     * step.
     */
    KEEP
  }

  // From glibc's malloc.h; the values are glibc's initial ones.
  private static final int M_TRIM_THRESHOLD = -1;
  private static final int M_TOP_PAD = -2;
  private static final int M_MMAP_THRESHOLD = -3;
  private static final int M_MMAP_MAX = -4;
  private static final int TOP_PAD = 128 << 10;
  private static final int MMAP_MAX = 65_536;
  private static final int MMAP_THRESHOLD = 128 << 10;

  /**
   * The limit up to which glibc adapts the threshold, set here because it stops adapting once it
   * has been configured.
   */
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

  /** Starts a use; does not move blocks already in use. */
  public static synchronized void begin(Use use) {
    USERS.merge(use, 1, Integer::sum);
    apply();
  }

  /** Ends the use that one {@link #begin} has started. */
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
        set(0, ADAPTED, 1 << 30, 64 << 20); // everything from the heap, which does not shrink
        return;
      } else {
        set(MMAP_MAX, ADAPTED, 2 * ADAPTED, TOP_PAD);
      }
      Holder.C.malloc_trim(new NativeLong(0)); // frees what was kept
    } catch (LinkageError e) {
      // Another C library, no JNA, or none for this processor: costs only speed or memory.
    }
  }

  private static void set(int maps, int threshold, int trim, int pad) {
    Holder.C.mallopt(M_MMAP_MAX, maps);
    Holder.C.mallopt(M_MMAP_THRESHOLD, threshold);
    Holder.C.mallopt(M_TRIM_THRESHOLD, trim);
    Holder.C.mallopt(M_TOP_PAD, pad);
  }
}
