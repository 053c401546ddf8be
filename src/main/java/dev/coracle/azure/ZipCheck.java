// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import dev.coracle.CoracleException;
import dev.coracle.azure.DeploymentOptions.Plan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/** Checks whether an archive can be a function app, before anything is created for it. */
final class ZipCheck {

  private static final String HOST = "host.json";

  private ZipCheck() {}

  /** Throws CoracleException if it cannot. */
  static void check(Path archive, Plan plan) {
    try {
      if (Files.isDirectory(archive)) {
        throw new CoracleException(
            "%s is a folder; expected the zip file of a function app, as 'coracle azure package' writes it"
                .formatted(archive));
      }
      if (!Files.isRegularFile(archive)) {
        throw new CoracleException(
            "expected the zip of a function app: there is no file " + archive);
      }
      if (!Files.isReadable(archive)) {
        throw new CoracleException(
            "no permission to read %s; expected the zip of a function app".formatted(archive));
      }
      long megabytes = Files.size(archive) / 1_000_000;
      if (megabytes >= plan.maxMegabytes) {
        throw new CoracleException(
            "%s has %d MB; expected less than %d, the space of an instance: leave out libraries for training"
                .formatted(archive, megabytes, plan.maxMegabytes));
      }
      try (ZipFile zip = new ZipFile(archive.toFile())) {
        check(zip, archive);
      }
    } catch (ZipException e) { // its messages are about internals of the format
      throw new CoracleException(
          "%s is not the zip of a function app: it is no zip file, or a damaged one; make it anew with 'coracle azure package'"
              .formatted(archive),
          e);
    } catch (IOException e) {
      throw new CoracleException(
          "%s is not the zip of a function app: %s".formatted(archive, CoracleException.reason(e)),
          e);
    }
  }

  private static void check(ZipFile zip, Path archive) {
    if (zip.getEntry(HOST) == null) {
      String hint =
          zip.stream()
              .map(ZipEntry::getName)
              .filter(name -> name.endsWith("/" + HOST))
              .findFirst()
              .map(name -> "; it has " + name + ": zip what is in the folder, not the folder")
              .orElse("");
      throw new CoracleException(
          "%s is not a function app: expected %s at its root%s".formatted(archive, HOST, hint));
    }
    if (zip.stream().noneMatch(entry -> entry.getName().matches("[^/]+/function\\.json"))) {
      throw new CoracleException(
          "%s has no function: expected FUNCTION/function.json in it".formatted(archive));
    }
  }
}
