// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.util.LinkedHashMap;
import java.util.Map;

/** Names the coordinates to add when a class of an optional dependency is missing. */
final class MissingDependency {

  private static final String AWS = "software/amazon/awssdk/";

  private static final Map<String, String> COORDINATES = new LinkedHashMap<>();

  static {
    COORDINATES.put("ai/djl/basicdataset/", "ai.djl:basicdataset");
    COORDINATES.put("ai/djl/pytorch/", "ai.djl.pytorch:pytorch-engine");
    COORDINATES.put("ai/djl/", "ai.djl:api");
    COORDINATES.put("ai/onnx/proto/", "org.tribuo:tribuo-util-onnx");
    COORDINATES.put("ai/onnxruntime/", "com.microsoft.onnxruntime:onnxruntime");
    COORDINATES.put("com/fasterxml/jackson/core/", "com.fasterxml.jackson.core:jackson-core");
    COORDINATES.put(
        "com/microsoft/azure/functions/",
        "com.microsoft.azure.functions:azure-functions-java-library");
    COORDINATES.put("io/micrometer/", "io.micrometer:micrometer-registry-prometheus");
    COORDINATES.put("me/tongfei/progressbar/", "me.tongfei:progressbar");
    COORDINATES.put("org/apache/commons/compress/", "org.apache.commons:commons-compress");
    COORDINATES.put("org/eclipse/jetty/", "org.eclipse.jetty:jetty-server");
    COORDINATES.put("org/knowm/xchart/", "org.knowm.xchart:xchart");
    COORDINATES.put("org/apache/commons/compress/", "org.apache.commons:commons-compress");
    COORDINATES.put(AWS + "http/urlconnection/", "software.amazon.awssdk:url-connection-client");
    COORDINATES.put(AWS + "services/s3/", "software.amazon.awssdk:s3");
    COORDINATES.put(AWS + "services/sagemaker/", "software.amazon.awssdk:sagemaker");
    COORDINATES.put(AWS + "services/sagemakerruntime/", "software.amazon.awssdk:sagemakerruntime");
    COORDINATES.put(AWS + "services/cloudwatchlogs/", "software.amazon.awssdk:cloudwatchlogs");
    // What all of the clients depend on.
    COORDINATES.put(AWS, "software.amazon.awssdk:sagemaker");
    COORDINATES.put("picocli/", "info.picocli:picocli");
  }

  private MissingDependency() {}

  /** Fails as the first use of a class would, where that comes too late for the user. */
  static void require(String className) {
    try {
      Class.forName(className, false, MissingDependency.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw (Error) new NoClassDefFoundError(className.replace('.', '/')).initCause(e);
    }
  }

  /** Returns a sentence for the message of a NoClassDefFoundError. */
  static String sentence(String message) {
    String className = message.replace("Could not initialize class ", "").replace('.', '/');
    for (Map.Entry<String, String> entry : COORDINATES.entrySet()) {
      if (className.startsWith(entry.getKey())) {
        if (ThisProgram.isDistribution()) { // the other one lacks nothing
          return "this is the serving-only distribution, without %s; the full distribution has this command"
              .formatted(entry.getValue());
        }
        return "class %s is not on the class path; add %s (README has the versions)"
            .formatted(className.replace('/', '.'), entry.getValue());
      }
    }
    return "class " + className.replace('/', '.') + " is not on the class path";
  }
}
