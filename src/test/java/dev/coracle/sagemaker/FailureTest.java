// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FailureTest {

  @TempDir private Path folder;

  @Test
  void write_sentenceComesFirst_thenCausesThenTheTrace() throws IOException {
    Path file = folder.resolve("output/failure");
    Exception cause = new IOException("disk full");
    Failure.write(
        file, Failure.Kind.ALGORITHM_ERROR, "the sentence", new IllegalStateException("x", cause));
    assertThat(Files.readString(file))
        .startsWith(
            "AlgorithmError: the sentence%ncaused by java.io.IOException: disk full%n%njava.lang.IllegalStateException: x"
                .formatted());
  }

  @Test
  void write_aSecondTime_keepsTheFirstReason() throws IOException {
    Path file = folder.resolve("failure");
    Failure.write(file, Failure.Kind.CLIENT_ERROR, "first", new Exception());
    Failure.write(file, Failure.Kind.CLIENT_ERROR, "second", new Exception());
    assertThat(file).content().contains("first").doesNotContain("second");
  }
}
