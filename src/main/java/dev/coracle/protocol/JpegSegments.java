// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

/**
 * Goes over the segments of a JPEG file (ITU-T T.81, annex B) as libjpeg finds them, which the
 * JDK's reader uses: bytes between segments, such as a scan's coded data, are skipped.
 */
final class JpegSegments {

  private static final int SOF0 = 0xc0; // first of the markers that have a length
  private static final int RST0 = 0xd0;
  private static final int SOI = 0xd8;
  private static final int EOI = 0xd9;
  private static final int SOS = 0xda;
  private static final int APP2 = 0xe2;
  private static final int COM = 0xfe;

  private final byte[] file;
  private int at; // of the segment's marker
  private int end;
  private boolean inScans;

  private JpegSegments(byte[] file) {
    this.file = file;
    this.end = isJpeg(file) ? 2 : file.length;
  }

  private static boolean isJpeg(byte[] file) {
    return file.length > 1 && (file[0] & 0xff) == 0xff && (file[1] & 0xff) == SOI;
  }

  /** Returns the number of scans; 0 for a file that is no JPEG. */
  static int scans(byte[] file) {
    int scans = 0;
    JpegSegments segments = new JpegSegments(file);
    while (segments.next()) {
      scans += segments.marker() == SOS ? 1 : 0;
    }
    return scans;
  }

  /**
   * Returns the file with its APP2 segments, in which colour profiles are, made comments; the file
   * itself where it has none.
   */
  static byte[] withoutProfiles(byte[] file) {
    byte[] plain = file;
    JpegSegments segments = new JpegSegments(file);
    while (segments.next()) {
      if (segments.marker() == APP2) {
        plain = plain == file ? file.clone() : plain;
        plain[segments.at + 1] = (byte) COM;
      }
    }
    return plain;
  }

  private int marker() {
    return file[at + 1] & 0xff;
  }

  /** Advances to the next segment, if there is one. */
  private boolean next() {
    for (at = end; at < file.length - 1; at++) {
      if ((file[at] & 0xff) == 0xff && marker() != 0 && marker() != 0xff) {
        end = at + 2 + length();
        inScans |= marker() == SOS;
        return !(marker() == EOI && inScans); // before that it ends mere tables
      }
    }
    return false;
  }

  private int length() {
    boolean has = marker() >= SOF0 && (marker() < RST0 || marker() > EOI) && at + 3 < file.length;
    return has ? Math.max(2, (file[at + 2] & 0xff) << 8 | (file[at + 3] & 0xff)) : 0;
  }
}
