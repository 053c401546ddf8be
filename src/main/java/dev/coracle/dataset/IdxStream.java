// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import dev.coracle.CoracleException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PushbackInputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * Splits a stream of concatenated idx files, each plain or gzip, into files. A SageMaker pipe
 * delivers such a stream: the objects below an S3 prefix in the order of their names, with nothing
 * between them. The header of an idx file says how long it is.
 */
public final class IdxStream {

  private IdxStream() {}

  /**
   * Writes the files in the stream, uncompressed, under the names of {@code files} in their order,
   * and leaves the stream at its end.
   *
   * @param name of the stream, for messages
   * @throws CoracleException if there are more or fewer files, if one is not an idx file of the
   *     right kind, or if the folder cannot be written
   */
  public static void split(InputStream stream, String name, List<MnistFile> files, Path folder) {
    try {
      Peekable all = new Peekable(stream);
      InputStream content = all;
      for (MnistFile file : files) {
        if (content == all && all.startsWithGzip()) {
          content = new Peekable(new GZIPInputStream(all, 1 << 16)); // with all members that follow
        }
        copy(content, name, file, folder.resolve(file.name()));
      }
      if (content.read() >= 0) {
        throw new CoracleException(
            "%s has more than the %d files expected: %s"
                .formatted(name, files.size(), names(files)));
      }
    } catch (EOFException | ZipException e) {
      throw new CoracleException("%s is damaged: %s".formatted(name, e.getMessage()), e);
    } catch (IOException e) {
      throw new CoracleException(
          "cannot copy %s into %s: %s".formatted(name, folder, CoracleException.reason(e)), e);
    }
  }

  private static String names(List<MnistFile> files) {
    return String.join(", ", files.stream().map(MnistFile::name).toList());
  }

  private static void copy(InputStream content, String name, MnistFile file, Path target)
      throws IOException {
    byte[] header = content.readNBytes(Integer.BYTES * (1 + file.rank()));
    int magic = header.length < Integer.BYTES ? 0 : ByteBuffer.wrap(header).getInt();
    if (header.length < Integer.BYTES * (1 + file.rank()) || magic != (0x0800 | file.rank())) {
      throw new CoracleException(
          "%s should continue with %s, magic number 0x%08x; it %s"
              .formatted(
                  name,
                  file.name(),
                  0x0800 | file.rank(),
                  header.length == 0 ? "ends" : "has 0x%08x".formatted(magic)));
    }
    long left = 1;
    for (int i = 1; i <= file.rank(); i++) {
      left = Math.multiplyExact(left, ByteBuffer.wrap(header).getInt(i * Integer.BYTES));
      if (left < 1 || left > Integer.MAX_VALUE) {
        throw new CoracleException(
            "%s declares sizes for %s that no file has".formatted(name, file.name()));
      }
    }
    try (OutputStream out = Files.newOutputStream(target)) {
      out.write(header);
      byte[] buffer = new byte[1 << 16];
      while (left > 0) {
        int count = content.read(buffer, 0, (int) Math.min(buffer.length, left));
        if (count < 0) {
          throw new EOFException("it ends %d bytes before %s does".formatted(left, file.name()));
        }
        out.write(buffer, 0, count);
        left -= count;
      }
    }
  }

  /**
   * Finds out by reading whether more data follow. GZIPInputStream asks {@code available} whether
   * another member follows, to which a pipe answers 0 when its writer is slow.
   */
  private static final class Peekable extends PushbackInputStream {

    Peekable(InputStream in) {
      super(in, 2);
    }

    boolean startsWithGzip() throws IOException {
      byte[] start = readNBytes(2);
      unread(start);
      return start.length == 2 && start[0] == 0x1f && start[1] == (byte) 0x8b;
    }

    @Override
    public int available() throws IOException {
      int next = read();
      if (next < 0) {
        return 0;
      }
      unread(next);
      return 1;
    }
  }
}
