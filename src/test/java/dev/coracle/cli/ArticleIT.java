// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The article's own values on the whole of MNIST; apart from MnistIT, to run at the same time. */
class ArticleIT {

  @Test
  void train_articlesValues_withinHalfAPointOfPyTorch(@TempDir Path folder) throws Exception {
    Cli cli = Cli.fork("train", "--lr", "0.1", "--gamma", "0.9", "--output-dir", folder);
    assertThat(cli.status()).as(cli.toString()).isZero();
    // PyTorch 2.13 with batch 100, learning rate 0.1, one epoch: 97.34 %.
    assertThat(MnistIT.accuracy(cli.out())).isCloseTo(0.9734, within(0.005));
  }
}
