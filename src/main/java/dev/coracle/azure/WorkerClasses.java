// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

/**
 * Gives an app the classes that Azure's worker shares with it, and nothing else of this program:
 * the JDK's, and those of azure-functions-java-core-library, such as HttpRequestMessage. The worker
 * has its own Gson too, which would win over an app's; an app is better off without one, so there
 * is none.
 */
final class WorkerClasses extends ClassLoader {

  private static final String CORE_LIBRARY = "com.microsoft.azure.functions.";

  /** Of azure-functions-java-library, which an app brings itself. */
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
