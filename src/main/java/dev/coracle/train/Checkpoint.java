// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.util.Pair;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.coracle.AtomicFile;
import dev.coracle.CoracleException;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.FloatBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes the state of a run at the end of an epoch: one zip file with {@code
 * checkpoint.json} (this record), {@code parameters.safetensors} and {@code optimizer.safetensors},
 * all of which other tools can read. No state of random generators is stored: each epoch seeds them
 * from {@link #seed} and its own number.
 *
 * @param epoch number of finished epochs
 * @param dataSha256 hash of the training images and labels, see ImageSet
 * @param testAccuracy after that epoch, 0 to 1
 */
public record Checkpoint(
    int epoch,
    int updates,
    int seed,
    int batchSize,
    float learningRate,
    float gamma,
    OptimizerKind optimizer,
    String dataSha256,
    double testAccuracy) {

  /** Name of the file in the checkpoint folder. */
  public static final String FILE_NAME = "checkpoint.zip";

  private static final int FORMAT = 1;
  private static final String HEADER = "checkpoint.json";
  private static final String PARAMETERS = "parameters.safetensors";
  private static final String OPTIMIZER = "optimizer.safetensors";
  private static final int MAX_HEADER = 1 << 16; // bytes, of any of the three
  private static final JsonFactory JSON = new JsonFactory();

  public Checkpoint {
    if (epoch < 1 || updates < epoch || !(testAccuracy >= 0 && testAccuracy <= 1)) {
      throw new IllegalArgumentException(
          "epoch %d, updates %d, test accuracy %s; expected epoch of 1 or more, no fewer updates, an accuracy of 0 to 1"
              .formatted(epoch, updates, testAccuracy));
    }
  }

  /** Replaces {@code file} with this checkpoint, or leaves it as it was. */
  void write(Path file, ParameterList parameters, OptimizerState state) throws IOException {
    AtomicFile.write(
        file,
        out -> {
          try (ZipOutputStream zip = new ZipOutputStream(new UnclosableOutputStream(out))) {
            zip.setLevel(Deflater.NO_COMPRESSION); // weights do not compress
            zip.putNextEntry(newEntry(HEADER));
            zip.write(header());
            zip.putNextEntry(newEntry(PARAMETERS));
            writeArrays(
                zip,
                parameters.stream()
                    .map(p -> new Pair<>(p.getKey(), p.getValue().getArray()))
                    .toList());
            zip.putNextEntry(newEntry(OPTIMIZER));
            writeArrays(zip, state.arrays());
          }
        });
  }

  /**
   * Reads the header of a checkpoint.
   *
   * @throws CoracleException when there is no such file or it is not a checkpoint
   */
  public static Checkpoint read(Path file) {
    return open(file, zip -> parse(file, content(zip, HEADER, MAX_HEADER)));
  }

  /**
   * Loads the parameters of a checkpoint into a block, which must have been initialized.
   *
   * @return the header that belongs to these parameters, even if another program replaces the file
   * @throws CoracleException when names or shapes differ, or a parameter has a number that is not
   *     finite; the block is then unchanged
   */
  public static Checkpoint loadParameters(Path file, ParameterList parameters) {
    return open(file, zip -> load(file, zip, parameters));
  }

  /**
   * Loads parameters and the state of an optimizer, which starts from it instead of zeros.
   *
   * @param check throws to refuse a checkpoint by its header, before anything is loaded
   * @param manager owns the optimizer's arrays until the optimizer takes them
   */
  static Checkpoint load(
      Path file,
      Consumer<Checkpoint> check,
      ParameterList parameters,
      NDManager manager,
      OptimizerState state) {
    return open(
        file,
        zip -> {
          Checkpoint checkpoint = parse(file, content(zip, HEADER, MAX_HEADER));
          check.accept(checkpoint);
          Map<String, Shape> expected =
              state.shapes(Optimizers.arraysPerParameter(checkpoint.optimizer()));
          Map<String, Safetensors.Tensor> arrays = arrays(file, zip, OPTIMIZER, expected);
          load(file, zip, parameters);
          arrays.forEach((name, tensor) -> state.restore(name, create(manager, tensor)));
          return checkpoint;
        });
  }

  private static Checkpoint load(Path file, ZipFile zip, ParameterList parameters)
      throws IOException {
    Checkpoint checkpoint = parse(file, content(zip, HEADER, MAX_HEADER));
    Map<String, Shape> expected = new LinkedHashMap<>();
    for (Pair<String, Parameter> parameter : parameters) {
      expected.put(parameter.getKey(), parameter.getValue().getArray().getShape());
    }
    Map<String, Safetensors.Tensor> saved = arrays(file, zip, PARAMETERS, expected);
    saved.forEach((name, tensor) -> requireFinite(file, name, tensor.values()));
    for (Pair<String, Parameter> parameter : parameters) {
      Safetensors.Tensor tensor = Objects.requireNonNull(saved.get(parameter.getKey()));
      NDArray array = parameter.getValue().getArray();
      // Written through a constant handle to the same memory: an array that records gradients
      // refuses writes.
      try (NDArray target = array.stopGradient();
          NDArray source = create(array.getManager(), tensor)) {
        target.set(new NDIndex(":"), source);
      }
    }
    return checkpoint;
  }

  private static NDArray create(NDManager manager, Safetensors.Tensor tensor) {
    return manager.create(tensor.values(), tensor.shape(), DataType.FLOAT32);
  }

  /** Returns the arrays of an entry, which are exactly the expected ones. */
  private static Map<String, Safetensors.Tensor> arrays(
      Path file, ZipFile zip, String entry, Map<String, Shape> expected) throws IOException {
    long bytes = expected.values().stream().mapToLong(shape -> 4 * shape.size()).sum();
    Map<String, Safetensors.Tensor> saved =
        Safetensors.read(content(zip, entry, Math.toIntExact(bytes + MAX_HEADER)));
    expected.forEach((name, shape) -> requireSame(file, name, shape, saved.get(name)));
    for (String name : saved.keySet()) {
      if (!expected.containsKey(name)) {
        throw new CoracleException(
            "checkpoint %s does not fit the network, which has no array %s; take a checkpoint of this network"
                .formatted(file, name));
      }
    }
    return saved;
  }

  private static void requireSame(
      Path file, String name, Shape expected, Safetensors.@Nullable Tensor saved) {
    if (saved == null || !saved.shape().equals(expected)) {
      throw new CoracleException(
          "checkpoint %s does not fit the network: %s should have shape %s, but %s"
              .formatted(
                  file, name, expected, saved == null ? "is missing" : "has " + saved.shape()));
    }
  }

  private static void requireFinite(Path file, String name, FloatBuffer values) {
    for (int i = 0; i < values.limit(); i++) {
      if (!Float.isFinite(values.get(i))) {
        throw new CoracleException(
            "checkpoint %s has %s at position %d of %s; expected finite numbers alone: take another checkpoint, or train anew"
                .formatted(file, values.get(i), i, name));
      }
    }
  }

  private interface ZipReader<T> {
    T read(ZipFile zip) throws IOException;
  }

  private static <T> T open(Path file, ZipReader<T> reader) {
    try (ZipFile zip = new ZipFile(file.toFile())) {
      return reader.read(zip);
    } catch (NoSuchFileException e) {
      throw new CoracleException(
          "no checkpoint at " + file + "; train with --checkpoint-dir to write one", e);
    } catch (ZipException | JsonProcessingException | EOFException | IllegalArgumentException e) {
      throw new CoracleException(
          "%s is not a whole checkpoint of Coracle (%s)".formatted(file, e.getMessage()), e);
    } catch (IOException e) {
      throw new CoracleException(
          "cannot read checkpoint %s: %s".formatted(file, CoracleException.reason(e)), e);
    }
  }

  /** Returns an entry with a fixed time, so that equal states give equal files. */
  private static ZipEntry newEntry(String name) {
    ZipEntry entry = new ZipEntry(name);
    entry.setTimeLocal(LocalDateTime.of(1980, 1, 1, 0, 0)); // the earliest that zip knows
    return entry;
  }

  /** Returns an entry's content, with the check of its CRC-32 that ZipFile does not make. */
  private static byte[] content(ZipFile zip, String name, int limit) throws IOException {
    @Nullable ZipEntry entry = zip.getEntry(name);
    if (entry == null) {
      throw new ZipException("it has no entry " + name);
    }
    byte[] content;
    try (InputStream in = zip.getInputStream(entry)) {
      content = in.readNBytes(limit + 1);
    }
    if (content.length > limit) {
      throw new ZipException("entry %s has more than %d bytes".formatted(name, limit));
    }
    CRC32 crc = new CRC32();
    crc.update(content);
    if (crc.getValue() != entry.getCrc()) {
      throw new ZipException("entry " + name + " is damaged: its checksum is wrong");
    }
    return content;
  }

  /** Writes arrays through handles with their checkpoint names; the arrays keep their own. */
  private static void writeArrays(OutputStream out, List<Pair<String, NDArray>> arrays)
      throws IOException {
    if (arrays.isEmpty()) { // as for an optimizer without state
      new NDList().encode(new UnclosableOutputStream(out), NDList.Encoding.SAFETENSORS);
      return;
    }
    // Encoding copies arrays from a GPU into managers below that of the handles, which nobody else
    // would close.
    try (NDManager scratch = arrays.get(0).getValue().getManager().newSubManager()) {
      NDList named = new NDList();
      for (Pair<String, NDArray> array : arrays) {
        NDArray handle = array.getValue().stopGradient();
        handle.attach(scratch);
        handle.setName(array.getKey());
        named.add(handle);
      }
      named.encode(new UnclosableOutputStream(out), NDList.Encoding.SAFETENSORS);
    }
  }

  private byte[] header() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(bytes).useDefaultPrettyPrinter()) {
      json.writeStartObject();
      json.writeNumberField("format", FORMAT);
      json.writeNumberField("epoch", epoch);
      json.writeNumberField("updates", updates);
      json.writeNumberField("seed", seed);
      json.writeNumberField("batch_size", batchSize);
      json.writeNumberField("learning_rate", learningRate);
      json.writeNumberField("gamma", gamma);
      json.writeStringField("optimizer", optimizer.name());
      json.writeStringField("data_sha256", dataSha256);
      json.writeNumberField("test_accuracy", testAccuracy);
      json.writeEndObject();
    }
    return bytes.toByteArray();
  }

  private static Checkpoint parse(Path file, byte[] header) throws IOException {
    Map<String, String> values = new HashMap<>();
    try (JsonParser json = JSON.createParser(header)) {
      while (json.nextToken() != null) {
        if (json.currentToken() == JsonToken.FIELD_NAME) {
          String name = json.currentName();
          json.nextToken();
          values.put(name, json.getText());
        }
      }
    }
    if (!String.valueOf(FORMAT).equals(values.get("format"))) {
      throw new CoracleException(
          "checkpoint %s has format %s; this version reads format %d"
              .formatted(file, values.get("format"), FORMAT));
    }
    try {
      return new Checkpoint(
          Integer.parseInt(require(values, "epoch")),
          Integer.parseInt(require(values, "updates")),
          Integer.parseInt(require(values, "seed")),
          Integer.parseInt(require(values, "batch_size")),
          Float.parseFloat(require(values, "learning_rate")),
          Float.parseFloat(require(values, "gamma")),
          OptimizerKind.valueOf(require(values, "optimizer")),
          require(values, "data_sha256"),
          Double.parseDouble(require(values, "test_accuracy")));
    } catch (IllegalArgumentException e) {
      throw new CoracleException(
          "checkpoint %s has a header that cannot be read: %s; take another checkpoint, or train anew"
              .formatted(file, e.getMessage()),
          e);
    }
  }

  private static String require(Map<String, String> values, String name) {
    @Nullable String value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException("no value for " + name);
    }
    return value;
  }

  /** Keeps the zip open when DJL closes the stream it was given. */
  private static final class UnclosableOutputStream extends FilterOutputStream {
    UnclosableOutputStream(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
    }

    @Override
    public void close() throws IOException {
      flush();
    }
  }
}
