// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ProgressTextTest {

  private final ProgressText images = new ProgressText(false, "images", 1);

  private String images(long current, long millis) {
    return images.line("Epoch 1/1", 100, current, 60_000, Duration.ofMillis(millis), 79);
  }

  @Test
  void line_afterFractionsOfASecond_dividesByThem() {
    assertThat(images(1_600, 1_500)).contains("1,600/60,000 images, 1,000/s, 0:58 left");
    assertThat(images(2_000, 1_900)).contains(", 1,000/s, 0:58 left");
  }

  @Test
  void line_atTheStart_tellsNoSpeed() {
    assertThat(images(100, 0)).endsWith(" 100/60,000 images");
    assertThat(images(300, 100)).endsWith(" 300/60,000 images");
  }

  @Test
  void line_80Columns_leavesRoomForTheBar() {
    String line = images(30_000, 20_000);
    assertThat(line)
        .isEqualTo(
            "Epoch 1/1  50% |===========          | 30,000/60,000 images, 1,495/s, 0:20 left");
  }

  @Test
  void line_unitOfManySteps_isCountedInThem() {
    String line =
        new ProgressText(true, "KiB", 1024)
            .line("a.gz", 0, 2 << 20, 4 << 20, Duration.ofSeconds(2), 60);
    assertThat(line).startsWith("a.gz  50% │█").endsWith("2,048/4,096 KiB, 1,024/s, 0:02 left");
    assertThat(line).hasSize(60);
  }

  @Test
  void line_sizeIsNotKnown_countsAlone() {
    String line =
        new ProgressText(true, "KiB", 1024).line("a.gz", 0, 2 << 20, 0, Duration.ofSeconds(2), 60);
    assertThat(line).startsWith("a.gz │ ").endsWith(" 2,048 KiB, 1,024/s").doesNotContain("%");
  }

  @Test
  void line_terminalIsNarrow_losesTheBarFirst() {
    assertThat(images.line("Epoch 1/1", 0, 6_000, 60_000, Duration.ofSeconds(6), 20))
        .isEqualTo("Epoch 1/1  10% || 6,000/60,000 images, 1,000/s, 0:54 left");
  }
}
