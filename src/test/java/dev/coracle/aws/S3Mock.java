// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Runs Adobe S3Mock, an S3 that others wrote, in a process of its own; its jars lie where {@code
 * mvn verify} puts them.
 */
public final class S3Mock implements AutoCloseable {

  private static final Path JARS = Path.of("target", "s3mock");
  private static final Pattern PORT =
      Pattern.compile("Tomcat started on ports? .*?(\\d+) \\(http\\)");

  private final Process process;
  private final URI uri;

  private S3Mock(Process process, URI uri) {
    this.process = process;
    this.uri = uri;
  }

  /** Starts it with one bucket, and with its files below a folder. */
  public static S3Mock start(Path folder, String bucket) throws IOException, InterruptedException {
    if (!Files.isDirectory(JARS)) {
      throw new AssertionError(JARS + " is missing; 'mvn verify' puts S3Mock there");
    }
    Path log = folder.resolve("s3mock.log");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1", // it starts once and does little
                "-Xmx256m",
                "-Djava.io.tmpdir=" + folder,
                "-cp",
                JARS.toAbsolutePath() + "/*",
                "com.adobe.testing.s3mock.S3MockApplication",
                "--server.address=127.0.0.1",
                "--server.port=0",
                "--http.port=0",
                "--com.adobe.testing.s3mock.store.initialBuckets=" + bucket)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(3);
    while (process.isAlive() && System.nanoTime() < end) {
      String text = Files.readString(log);
      Matcher port = PORT.matcher(text);
      if (text.contains("Started S3MockApplication") && port.find()) {
        return new S3Mock(process, URI.create("http://127.0.0.1:" + port.group(1)));
      }
      Thread.sleep(200);
    }
    process.destroyForcibly();
    throw new AssertionError("S3Mock did not start:\n" + Files.readString(log));
  }

  public URI uri() {
    return uri;
  }

  @Override
  public void close() {
    process.destroy();
  }
}
