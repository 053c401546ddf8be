// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import ai.djl.repository.Repository;
import dev.coracle.dataset.ImageSet;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Lays out a folder as a local repository of DJL's, in small. DJL reads the files of one where they
 * are, so they are not compressed as those that it downloads.
 */
final class DjlRepository {

  private DjlRepository() {}

  /**
   * Writes a data set of basicdataset.
   *
   * @param artifact {@code mnist} or {@code fashmnist}
   */
  static Repository write(Path folder, String artifact, ImageSet train, ImageSet test)
      throws IOException {
    System.setProperty("DJL_CACHE_DIR", folder.resolve("cache").toString()); // not the user's
    Path base = folder.resolve("dataset/cv/ai/djl/basicdataset/" + artifact);
    Files.createDirectories(base.resolve("1.0"));
    String files =
        String.join(
            ",",
            file(base, "train_data", images(train)),
            file(base, "train_labels", labels(train)),
            file(base, "test_data", images(test)),
            file(base, "test_labels", labels(test)));
    Files.writeString(
        base.resolve("metadata.json"),
        """
        {"metadataVersion": "0.2", "resourceType": "dataset", "application": "cv",
         "groupId": "ai.djl.basicdataset", "artifactId": "%s", "name": "%s",
         "artifacts": [{"version": "1.0", "snapshot": false, "files": {%s}}]}
        """
            .formatted(artifact, artifact, files));
    return Repository.newInstance("test", folder);
  }

  private static String file(Path base, String name, byte[] content) throws IOException {
    Files.write(base.resolve(name), content);
    Files.write(base.resolve("1.0").resolve(name), content); // where some versions of DJL look
    try {
      return "\"%s\": {\"uri\": \"%s\", \"sha1Hash\": \"%s\", \"size\": %d}"
          .formatted(
              name,
              name,
              HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(content)),
              content.length);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] images(ImageSet set) {
    return ByteBuffer.allocate(16 + set.size() * 784)
        .putInt(0x803)
        .putInt(set.size())
        .putInt(28)
        .putInt(28)
        .put(set.pixels())
        .array();
  }

  private static byte[] labels(ImageSet set) {
    return ByteBuffer.allocate(8 + set.size())
        .putInt(0x801)
        .putInt(set.size())
        .put(set.labels())
        .array();
  }
}
