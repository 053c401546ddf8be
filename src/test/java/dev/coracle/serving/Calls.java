// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;

/** Makes requests, and bodies of images of two by two pixels, with the JDK alone. */
final class Calls {

  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private Calls() {}

  /**
   * A request and the status that it must get.
   *
   * @param target path and query
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Call(
      String method,
      String target,
      Map<String, String> headers,
      byte @Nullable [] body,
      int status) {

    static Call of(String method, String target, int status) {
      return new Call(method, target, Map.of(), null, status);
    }

    static Call post(String target, String type, byte[] body, int status) {
      return new Call("POST", target, Map.of("Content-Type", type), body, status);
    }

    static Call post(String target, String type, String body, int status) {
      return post(target, type, body.getBytes(UTF_8), status);
    }

    static Call json(String target, String body, int status) {
      return post(target, "application/json", body, status);
    }

    Call with(String header, String value) {
      Map<String, String> all = new LinkedHashMap<>(headers);
      all.put(header, value);
      return new Call(method, target, all, body, status);
    }

    /**
     * Sends the request; one whose body is too long up to three times, since the server answers and
     * closes while the client may still be sending, which then finds no answer.
     */
    HttpResponse<byte[]> send(URI server) throws IOException, InterruptedException {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create(server + target)).timeout(Duration.ofSeconds(30));
      headers.forEach(request::header);
      request.method(
          method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body));
      for (int attempt = 1; ; attempt++) {
        try {
          return CLIENT.send(request.build(), BodyHandlers.ofByteArray());
        } catch (IOException e) {
          if (status != 413 || attempt == 3) {
            throw e;
          }
        }
      }
    }

    @Override
    public String toString() {
      String text = body == null ? "no body" : new String(body, ISO_8859_1);
      return method
          + " "
          + target
          + " "
          + headers
          + " "
          + text.substring(0, Math.min(160, text.length()));
    }
  }

  /** Returns a float32 array of NumPy's format 1.0, (N, 4). */
  static byte[] npy(float... values) throws IOException {
    String header =
        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + values.length / 4 + ", 4), }";
    header = header + " ".repeat(63 - (10 + header.length()) % 64) + "\n";
    ByteBuffer data = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    data.asFloatBuffer().put(values);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0});
    out.write(new byte[] {(byte) header.length(), (byte) (header.length() >> 8)});
    out.write(header.getBytes(ISO_8859_1));
    out.write(data.array());
    return out.toByteArray();
  }

  /** Returns a grey picture of 2 x 2 pixels, white on black. */
  static byte[] picture(String format) throws IOException {
    BufferedImage picture = new BufferedImage(2, 2, BufferedImage.TYPE_BYTE_GRAY);
    picture.getRaster().setSample(0, 1, 0, 255);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    if (!ImageIO.write(picture, format, out)) {
      throw new IllegalArgumentException("no writer for " + format);
    }
    return out.toByteArray();
  }

  static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }
}
