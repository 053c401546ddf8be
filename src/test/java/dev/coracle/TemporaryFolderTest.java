// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class TemporaryFolderTest {

  @Test
  void close_deletesAllThatIsInIt() throws IOException {
    TemporaryFolder folder = TemporaryFolder.create();
    Files.createDirectories(folder.path().resolve("a/b"));
    Files.writeString(folder.path().resolve("a/b/file"), "x");

    folder.close();

    assertThat(folder.path()).doesNotExist();
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "links need a right of their own there")
  void close_withALink_leavesWhatItPointsTo(@TempDir Path other) throws IOException {
    Path kept = Files.writeString(other.resolve("kept"), "x");
    TemporaryFolder folder = TemporaryFolder.create();
    Files.createSymbolicLink(folder.path().resolve("link"), other);

    folder.close();

    assertThat(folder.path()).doesNotExist();
    assertThat(kept).hasContent("x");
  }

  @Test
  void closeTwice_doesNotDeleteWhatHasTakenItsPlace() throws IOException {
    TemporaryFolder folder = TemporaryFolder.create();
    folder.close();
    Files.createDirectory(folder.path());

    folder.close();

    assertThat(folder.path()).exists();
    Files.delete(folder.path());
  }

  @Test
  void deleteAll_deletesThoseThatAreOpen() throws IOException {
    TemporaryFolder first = TemporaryFolder.create();
    TemporaryFolder second = TemporaryFolder.create();
    Files.writeString(second.path().resolve("file"), "x");

    TemporaryFolder.deleteAll();

    assertThat(first.path()).doesNotExist();
    assertThat(second.path()).doesNotExist();
    second.close(); // what its owner does later
  }
}
