// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import dev.coracle.CoracleException;
import dev.coracle.GzipMember;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.zip.ZipException;

/**
 * Holds one idx file of unsigned bytes: its shape and its data, row-major.
 *
 * <h2>The format</h2>
 *
 * An idx file is two zero bytes, a byte for the element type, a byte for the number of dimensions,
 * each dimension as a big-endian 32-bit integer, then the elements (<a
 * href="http://yann.lecun.com/exdb/mnist/">"The IDX file format", LeCun, Cortes and Burges</a>).
 * The whole file may be a gzip member, recognised by its first bytes, not by its name.
 *
 * <h2>What is checked</h2>
 *
 * Everything, before memory is allocated: the sizes are multiplied without overflow and compared
 * with the length of the file, so the header of a small file cannot claim gigabytes. The content of
 * a gzip file has no known length; there the claim is compared with the most that deflate can
 * yield, and no more is decompressed than the header declares plus one byte.
 */
final class IdxFile {

  private static final int UNSIGNED_BYTE = 0x08;
  private static final long MAX_DATA = Integer.MAX_VALUE - 8; // the largest array of every JVM

  private final int[] shape;
  private final byte[] data;

  private IdxFile(int[] shape, byte[] data) {
    this.shape = shape;
    this.data = data;
  }

  /**
   * Reads a plain or gzip idx file that has {@code rank} dimensions of at least 1. Throws
   * CoracleException where it is missing, unreadable, of another form, too long or too short.
   */
  static IdxFile read(Path file, int rank) {
    if (!Files.isRegularFile(file)) {
      throw new CoracleException(
          Files.exists(file)
              ? file + " is not a regular file: expected an idx file, plain or gzip"
              : "There is no file " + file + ": expected an idx file, plain or gzip");
    }
    try (InputStream raw = Files.newInputStream(file)) {
      return parse(file, Files.size(file), raw, rank);
    } catch (IOException e) {
      throw new CoracleException("Cannot read " + file + ": " + CoracleException.reason(e), e);
    }
  }

  /** Reads the same from the content of a file; {@code file} is for messages. */
  static IdxFile read(Path file, byte[] content, int rank) {
    try (InputStream raw = new ByteArrayInputStream(content)) {
      return parse(file, content.length, raw, rank);
    } catch (IOException e) {
      throw new CoracleException("Cannot read " + file + ": " + CoracleException.reason(e), e);
    }
  }

  /** Reads the same from a stream of {@code fileBytes} bytes; {@code file} is for messages. */
  static IdxFile parse(Path file, long fileBytes, InputStream raw, int rank) throws IOException {
    try (InputStream content = GzipMember.unwrap(raw)) {
      return new Parser(file, fileBytes, content).parse(rank);
    } catch (EOFException | ZipException e) {
      throw new CoracleException(
          file + " is damaged: " + e.getMessage() + "; fetch or copy it again", e);
    }
  }

  /** Returns the size of one dimension, at least 1. */
  int dimension(int index) {
    return shape[index];
  }

  /** Returns the elements, row-major, not copied: the caller owns them. */
  byte[] data() {
    return data;
  }

  /** Computes the SHA-256 of the uncompressed file, header included, in hexadecimal. */
  String sha256() {
    MessageDigest digest = Sha256.start();
    digest.update(header(shape));
    digest.update(data);
    return Sha256.hex(digest);
  }

  private static ByteBuffer header(int[] shape) {
    ByteBuffer header = ByteBuffer.allocate(headerBytes(shape.length));
    header.putInt(magic(shape.length));
    for (int dimension : shape) {
      header.putInt(dimension);
    }
    return header.flip();
  }

  private static int headerBytes(int rank) {
    return Integer.BYTES * (1 + rank);
  }

  private static int magic(int rank) {
    return UNSIGNED_BYTE << 8 | rank;
  }

  /** Reads one file from its first byte to its last; every message names the file and offset. */
  private static final class Parser {

    private final Path file;
    private final long fileBytes;
    private final InputStream content;
    private final boolean gzip;

    Parser(Path file, long fileBytes, InputStream content) {
      this.file = file;
      this.fileBytes = fileBytes;
      this.content = content;
      this.gzip = content instanceof GzipMember;
    }

    IdxFile parse(int rank) throws IOException {
      byte[] start = content.readNBytes(headerBytes(rank));
      checkMagic(start, rank);
      if (start.length < headerBytes(rank)) {
        throw bad("ends at " + at(start.length) + " within its header of", headerBytes(rank));
      }
      int[] shape = new int[rank];
      ByteBuffer.wrap(start, Integer.BYTES, rank * Integer.BYTES).asIntBuffer().get(shape);
      byte[] data = new byte[checkSize(shape)];
      int count = content.readNBytes(data, 0, data.length);
      if (count < data.length) {
        throw bad(
            "ends at " + at(start.length + (long) count) + ", its header declares",
            start.length + (long) data.length);
      }
      if (content.read() >= 0) {
        throw bad("has more than its header declares,", start.length + (long) data.length);
      }
      return new IdxFile(shape, data);
    }

    private void checkMagic(byte[] start, int rank) {
      int expected = magic(rank);
      if (start.length < Integer.BYTES) {
        throw bad("ends at " + at(start.length) + " within its magic number of", Integer.BYTES);
      }
      int actual = ByteBuffer.wrap(start).getInt();
      if (actual == expected) {
        return;
      }
      String problem =
          String.format(
              "%s is not the idx file expected here: it should start with the magic number 0x%08x"
                  + " and has 0x%08x at %s",
              file, expected, actual, at(0));
      if (actual >>> 16 != 0) {
        throw new CoracleException(problem + "; is it the right file?");
      }
      if (actual >>> 8 != UNSIGNED_BYTE) {
        throw new CoracleException(problem + "; convert its elements to unsigned bytes");
      }
      throw new CoracleException(
          problem
              + (", " + (actual & 0xff) + ((actual & 0xff) == 1 ? " dimension" : " dimensions"))
              + (" rather than " + rank)
              + "; were images and labels swapped?");
    }

    /** Returns the number of elements, once it is known that the file can have them all. */
    private int checkSize(int[] shape) {
      long elements = 1;
      for (int i = 0; i < shape.length; i++) {
        if (shape[i] < 1) {
          throw new CoracleException(
              file
                  + (" has the size " + Integer.toUnsignedString(shape[i]) + " for dimension " + i)
                  + (" at " + at(headerBytes(i)))
                  + ("; expected 1 to " + Integer.MAX_VALUE + ", so fetch or copy it again"));
        }
        elements *= shape[i]; // below 2^62: both factors are below 2^31
        if (elements > MAX_DATA) {
          throw new CoracleException(
              (file + " declares the shape " + text(shape) + " at " + at(Integer.BYTES))
                  + ("; expected at most " + MAX_DATA + " bytes, so split it, or fetch it again"));
        }
      }
      long declared = headerBytes(shape.length) + elements;
      if (gzip ? declared > fileBytes * GzipMember.MAX_RATIO : declared != fileBytes) {
        String has = gzip ? "has only " + fileBytes + " compressed" : "has " + fileBytes;
        String declares = "its header at " + at(Integer.BYTES) + " declares " + text(shape);
        throw bad(has + " bytes, " + declares + ", which is", declared);
      }
      return (int) elements;
    }

    private CoracleException bad(String what, long bytes) {
      return new CoracleException(
          file + " " + what + " " + bytes + " bytes; fetch or copy it again");
    }

    private String at(long offset) {
      return (gzip ? "uncompressed offset " : "offset ") + offset;
    }

    private static String text(int[] shape) {
      return Arrays.stream(shape).mapToObj(String::valueOf).collect(Collectors.joining("x"));
    }
  }
}
