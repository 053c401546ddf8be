// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Platform;

/**
 * Has the C library give large blocks of native memory back to the system as soon as they are free,
 * between {@link #begin} and {@link #end}. Thread-safe.
 *
 * <p>Why: libtorch computes into blocks of some megabytes, aligned to 64 bytes. Once a few have
 * been freed, glibc takes blocks of up to 32 MB from its heap, which it seldom gives back, and in
 * which its versions before 2.38 hardly find a free block for the next aligned one. A process that
 * needs 100 MB at a time then holds 500. Does nothing where there is no glibc, or where the
 * environment says what glibc is to do.
 */
final class NativeHeap {

  // From glibc's malloc.h.
  private static final int M_TRIM_THRESHOLD = -1;
  private static final int M_MMAP_THRESHOLD = -3;

  /** Blocks of this size and more come from the system: glibc's own first value. */
  private static final int FIRST = 128 << 10;

  /**
   * Afterwards: where glibc's own adapting ends (DEFAULT_MMAP_THRESHOLD_MAX, and twice that for the
   * end of the heap), as it adapts no more once it has been told.
   */
  private static final int ADAPTED = 32 << 20;

  private static int users;

  private interface CLibrary extends Library {
    int mallopt(int parameter, int value);
  }

  private static final class Holder {
    private static final CLibrary C = Native.load("c", CLibrary.class);
  }

  private NativeHeap() {}

  /** Starts; blocks that are there already stay where they are. */
  static synchronized void begin() {
    if (users++ == 0) {
      set(FIRST);
    }
  }

  /** Ends what one {@link #begin} has started. */
  static synchronized void end() {
    if (--users == 0) {
      set(ADAPTED);
    }
  }

  private static void set(int threshold) {
    if (!Platform.isLinux()
        || System.getenv("MALLOC_MMAP_THRESHOLD_") != null
        || System.getenv("GLIBC_TUNABLES") != null) {
      return;
    }
    try {
      Holder.C.mallopt(M_MMAP_THRESHOLD, threshold);
      Holder.C.mallopt(M_TRIM_THRESHOLD, 2 * threshold);
    } catch (LinkageError e) {
      // Another C library, or JNA has none for this processor: it takes more memory, no more.
    }
  }
}
