// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coracle.inference.Classifier;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Measures what HTTP adds to a call where nothing else runs: one connection, one image a request, a
 * pause of 1 ms before each. Calls of the library and requests take turns in blocks, in one
 * program, with the same pause.
 */
final class LowLoad {

  private static final int BLOCKS = 10;
  private static final int PER_BLOCK = 500;
  private static final int WARM_UP_BLOCKS = 10;
  private static final int WARM_UP_CONNECTIONS = 16;
  private static final long PAUSE_NANOS = 1_000_000;

  private LowLoad() {}

  private interface Call {
    void on(int image) throws IOException;
  }

  static void measure(Setup setup, ObjectNode figures) throws IOException, InterruptedException {
    List<byte[]> images = setup.images();
    List<byte[]> messages = Post.raw(images, 1).messages();
    Latencies library = new Latencies(BLOCKS * PER_BLOCK);
    Latencies http = new Latencies(BLOCKS * PER_BLOCK);
    try (ServerProcess server = setup.server();
        Classifier classifier = Classifier.open(setup.model());
        Socket socket = new Socket(server.address().getAddress(), server.port())) {
      socket.setTcpNoDelay(true);
      Client client = new Client(socket);
      Call inProcess = image -> classifier.classify(images.get(image));
      Call request = image -> client.send(messages.get(image));
      // Else the JVM compiles all through the measurement, on one of few processors.
      LoadGenerator.closed(server.address(), messages, WARM_UP_CONNECTIONS, setup.time(30));
      Thread.sleep(setup.time(5).toMillis());
      int blocks = setup.quick() ? 2 : BLOCKS;
      int warmUp = setup.quick() ? 2 : WARM_UP_BLOCKS;
      for (int block = -warmUp; block < blocks; block++) {
        block(inProcess, images.size(), block < 0 ? new Latencies() : library);
        block(request, images.size(), block < 0 ? new Latencies() : http);
      }
    }
    for (int percent : new int[] {50, 99}) {
      figures.put("libraryP" + percent, library.millis(percent));
      figures.put("httpP" + percent, http.millis(percent));
      figures.put("addedP" + percent, http.millis(percent) - library.millis(percent));
    }
  }

  private static void block(Call call, int images, Latencies times) throws IOException {
    for (int i = 0; i < PER_BLOCK; i++) {
      LockSupport.parkNanos(PAUSE_NANOS);
      long start = System.nanoTime();
      call.on(i % images);
      times.add(System.nanoTime() - start);
    }
  }

  /** Sends and receives on a plain socket. */
  static final class Client {

    private final OutputStream out;
    private final InputStream in;
    private final AnswerReader answer = new AnswerReader();
    private final byte[] buffer = new byte[1 << 14];

    Client(Socket socket) throws IOException {
      out = socket.getOutputStream();
      in = socket.getInputStream();
    }

    void send(byte[] message) throws IOException {
      out.write(message);
      answer.reset();
      int count;
      do {
        count = in.read(buffer);
        if (count < 0) {
          throw new IOException("the server closed the connection before it answered");
        }
      } while (!answer.read(ByteBuffer.wrap(buffer, 0, count)));
      if (answer.status() != 200) {
        throw new IOException("expected 200, got " + answer.status());
      }
    }
  }
}
