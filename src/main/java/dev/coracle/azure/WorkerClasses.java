// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

/**
 * Shows an app the classes that Azure's worker shares with it, and nothing else of this program:
 * the JDK's, and those of azure-functions-java-core-library, such as HttpRequestMessage. The worker
 * also has Gson, which would take precedence over an app's; apps should not rely on it, so it is
 * not provided here.
 */
final class WorkerClasses extends ClassLoader {

  private static final String CORE_LIBRARY = "com.microsoft.azure.functions.";

  /** Package of azure-functions-java-library, which an app brings itself. */
  private static final String ANNOTATIONS = CORE_LIBRARY + "annotation.";

  WorkerClasses() {
    super(ClassLoader.getPlatformClassLoader());
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    if (name.startsWith(CORE_LIBRARY) && !name.startsWith(ANNOTATIONS)) {
      return Class.forName(name, true, WorkerClasses.class.getClassLoader());
    }
    throw new ClassNotFoundException(name);
  }
}
