// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.util.NativeResource;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.Map;

/**
 * Counts the native arrays that this thread made since the scope began and nobody has closed, those
 * that no manager owns included; and all that DJL's managers own in this process.
 */
final class LiveArrays implements AutoCloseable {

  private final NDScope scope = new NDScope();

  /** Returns the number of open arrays. */
  int count() {
    int live = 0;
    for (Object array : ((Map<?, ?>) get(NDScope.class, "resources", scope)).keySet()) {
      if (!((NativeResource<?>) array).isReleased()) {
        live++;
      }
    }
    return live;
  }

  /** Returns the number of arrays and managers below DJL's root manager. */
  static int managed() {
    Devices.engine();
    try {
      Method root =
          Class.forName("ai.djl.pytorch.engine.PtNDManager").getDeclaredMethod("getSystemManager");
      root.setAccessible(true);
      return managed((BaseNDManager) root.invoke(null));
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("DJL has changed inside", e);
    }
  }

  private static int managed(BaseNDManager manager) {
    int count = 0;
    for (String field : new String[] {"resources", "tempResources"}) {
      for (Object resource : ((Map<?, ?>) get(BaseNDManager.class, field, manager)).values()) {
        count += 1 + (resource instanceof NDManager m ? managed((BaseNDManager) m) : 0);
      }
    }
    return count;
  }

  private static Object get(Class<?> type, String name, Object object) {
    try {
      Field field = type.getDeclaredField(name);
      field.setAccessible(true);
      return field.get(object);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("DJL has changed inside", e);
    }
  }

  /** Ends the scope; DJL closes what is still open. */
  @Override
  public void close() {
    scope.close();
  }
}
