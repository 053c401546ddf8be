// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MissingDependencyTest {

  /** The messages of NoClassDefFoundError, in the two forms that the JVM gives them. */
  @ParameterizedTest
  @CsvSource({
    "ai/djl/Model, add ai.djl:api",
    "ai/djl/basicdataset/cv/classification/Mnist, add ai.djl:basicdataset",
    "ai/onnx/proto/OnnxMl$ModelProto, add org.tribuo:tribuo-util-onnx",
    "Could not initialize class ai.onnxruntime.OrtEnvironment, add com.microsoft.onnxruntime",
    "org/apache/commons/compress/archivers/tar/TarArchiveEntry, add org.apache.commons:commons",
    "org/knowm/xchart/XYChart, add org.knowm.xchart:xchart",
  })
  void sentence_knownLibrary_namesTheCoordinates(String message, String expected) {
    assertThat(MissingDependency.sentence(message)).contains(expected);
  }

  @Test
  void sentence_inADistribution_namesTheOtherOne() {
    System.setProperty("coracle.home", "/opt/coracle");
    try {
      assertThat(MissingDependency.sentence("ai/djl/nn/Block"))
          .isEqualTo(
              "this is the serving-only distribution, without ai.djl:api; the full distribution has this command");
    } finally {
      System.clearProperty("coracle.home");
    }
  }

  @Test
  void require_classThatIsNotThere_failsAsItsUseDoes() {
    MissingDependency.require("ai.djl.nn.Block");
    assertThatExceptionOfType(NoClassDefFoundError.class)
        .isThrownBy(() -> MissingDependency.require("ai.djl.nn.Blok"))
        .withMessage("ai/djl/nn/Blok");
  }

  @Test
  void sentence_unknownClass_namesIt() {
    assertThat(MissingDependency.sentence("some/Other"))
        .isEqualTo("class some.Other is not on the class path");
  }
}
