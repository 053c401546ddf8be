// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.lang.StackWalker.StackFrame;
import java.util.Iterator;
import java.util.Set;

/** Finds the line of the block that made the call being recorded, for messages. */
final class CallSite {

  private static final StackWalker STACK =
      StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

  private static final Set<Class<?>> RECORDER =
      Set.of(
          CallSite.class,
          Tracer.class,
          StandIns.class,
          TracedArray.class,
          TracedExtension.class,
          TracedManager.class,
          InterceptedArray.class,
          InterceptedExtension.class,
          InterceptedManager.class,
          TracedParameters.class,
          TracingIndexer.class);

  private CallSite() {}

  /**
   * Returns {@code class.method(file:line)} of the user's code, or else of the DJL block that made
   * the call.
   */
  static String find() {
    return STACK.walk(frames -> find(frames.iterator()));
  }

  private static String find(Iterator<StackFrame> frames) {
    StackFrame ofDjl = null;
    while (frames.hasNext()) {
      StackFrame frame = frames.next();
      if (isTrace(frame)) {
        break;
      }
      if (isMachinery(frame)) {
        continue;
      }
      if (!frame.getClassName().startsWith("ai.djl.")) {
        return frame.toString();
      }
      ofDjl = ofDjl == null ? frame : ofDjl;
    }
    return ofDjl == null ? "unknown place" : ofDjl.toString();
  }

  /** Tells whether this frame called the block: frames beyond it are not the block's. */
  private static boolean isTrace(StackFrame frame) {
    return frame.getDeclaringClass() == Tracer.class && frame.getMethodName().equals("trace");
  }

  private static boolean isMachinery(StackFrame frame) {
    String name = frame.getClassName();
    return name.startsWith("java.")
        || name.startsWith("jdk.")
        || name.startsWith("ai.djl.ndarray.")
        || RECORDER.contains(frame.getDeclaringClass().getNestHost());
  }
}
