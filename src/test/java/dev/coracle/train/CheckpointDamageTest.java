// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.coracle.CoracleException;
import dev.coracle.net.Net;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads damaged checkpoints: each is refused in a sentence, and the network stays as it was. */
class CheckpointDamageTest {

  private static final String HEADER = "checkpoint.json";
  private static final String PARAMETERS = "parameters.safetensors";
  private static final String OPTIMIZER = "optimizer.safetensors";

  private static byte[] whole = {};
  private static Map<String, byte[]> entries = Map.of();

  private final Path file;
  private final NDManager manager = Devices.engine().newBaseManager(Device.cpu());
  private final Net net = new Net();

  CheckpointDamageTest(@TempDir Path folder) {
    file = folder.resolve("damaged.zip");
    Devices.engine().setRandomSeed(11);
    net.initialize(manager, DataType.FLOAT32, new Shape(1, 1, Net.SIZE, Net.SIZE));
  }

  @BeforeAll
  static void train(@TempDir Path folder) throws IOException {
    TrainingOptions options = Images.options().checkpointFolder(folder).build();
    try (TrainingRun run = new TrainingRun(options, Images.TRAIN, Images.TEST)) {
      run.train(List.of());
    }
    Path written = folder.resolve(Checkpoint.FILE_NAME);
    whole = Files.readAllBytes(written);
    entries = SavedCheckpoint.entries(written);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void load_whole_parametersAndState() throws IOException {
    Files.write(file, whole);
    load();
    assertThat(Images.parameters(net)).isEqualTo(SavedCheckpoint.arrays(file, "parameters"));
  }

  @Test
  void load_missing_saysHowToGetOne() {
    assertRefused("no checkpoint at " + file + "; train with --checkpoint-dir to write one");
  }

  @Test
  void load_folder_refused() throws IOException {
    Files.createDirectory(file);
    assertRefused("cannot read checkpoint " + file);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4, 30, 1000, 1_000_000, -22, -1})
  void load_truncated_refused(int length) throws IOException {
    Files.write(file, Arrays.copyOf(whole, length < 0 ? whole.length + length : length));
    assertRefused(file + " is not a whole checkpoint of Coracle (");
  }

  @Test
  void load_noZip_refused() throws IOException {
    Files.writeString(file, "epoch 1 was very good");
    assertRefused(file + " is not a whole checkpoint of Coracle (");
  }

  @ParameterizedTest
  @ValueSource(strings = {HEADER, PARAMETERS, OPTIMIZER})
  void load_entryMissing_namesIt(String name) throws IOException {
    Map<String, byte[]> some = new LinkedHashMap<>(entries);
    some.remove(name);
    SavedCheckpoint.write(file, some);
    assertRefused(file + " is not a whole checkpoint of Coracle (it has no entry " + name + ")");
  }

  @Test
  void load_bitFlippedInAWeight_refusedByChecksum() throws IOException {
    byte[] damaged = whole.clone();
    damaged[2_000_000] ^= 1; // in fc1.weight, which makes up most of the file
    Files.write(file, damaged);
    assertRefused("entry " + PARAMETERS + " is damaged: its checksum is wrong");
  }

  @Test
  void load_entryOfTooManyBytes_refused() throws IOException {
    replace(PARAMETERS, new byte[20_000_000]);
    assertRefused("entry " + PARAMETERS + " has more than");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "format\" : 2",
        "format\" : null",
        "format\" : [1]",
      })
  void read_otherFormat_saysWhichIsRead(String field) throws IOException {
    replaceHeader("format\" : 1", field);
    assertRefused("this version reads format 1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "epoch\" : 0",
        "epoch\" : 4", // more than the updates
        "epoch\" : -1",
        "epoch\" : 1.5",
        "epoch\" : 99999999999",
        "epoch\" : \"one\"",
        "epoch\" : null",
        "epoche\" : 1"
      })
  void read_unusableEpoch_refused(String field) throws IOException {
    replaceHeader("epoch\" : 1", field);
    assertRefused("checkpoint " + file + " has a header that cannot be read: ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"RMSPROP", "adam", ""})
  void read_unknownOptimizer_refused(String name) throws IOException {
    replaceHeader("ADADELTA", name);
    assertRefused("checkpoint " + file + " has a header that cannot be read: ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "[", "{\"format\":1", "not json", "{\"format\":1,,}"})
  void read_headerNoJson_refused(String text) throws IOException {
    replace(HEADER, text.getBytes(StandardCharsets.UTF_8));
    assertThatThrownBy(() -> Checkpoint.read(file)).isInstanceOf(CoracleException.class);
  }

  @Test
  void loadParameters_otherShape_namesItAndChangesNothing() throws IOException {
    Map<String, ByteBuffer> before = Images.parameters(net);
    replaceInTensorHeader(PARAMETERS, "\"shape\":[10,128]", "\"shape\":[128,10]");
    assertThatThrownBy(this::load)
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("fc2.weight should have shape (10, 128), but has (128, 10)");
    assertThat(Images.parameters(net)).isEqualTo(before);
  }

  @Test
  void loadParameters_otherName_saysWhichIsMissing() throws IOException {
    replaceInTensorHeader(PARAMETERS, "fc2.weight", "fc3.weight");
    assertRefused("fc2.weight should have shape (10, 128), but is missing");
  }

  @Test
  void loadParameters_otherType_refused() throws IOException {
    byte[] content =
        text(PARAMETERS).replaceFirst("F32", "I32").getBytes(StandardCharsets.ISO_8859_1);
    replace(PARAMETERS, content);
    assertRefused("has type I32; expected F32");
  }

  /** Training would end with the advice of another learning rate, an export with a useless file. */
  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void loadParameters_numberThatIsNotFinite_namesItAndChangesNothing(float value)
      throws IOException {
    Map<String, ByteBuffer> before = Images.parameters(net);
    byte[] content = Objects.requireNonNull(entries.get(PARAMETERS)).clone();
    int last = content.length - 4; // DJL writes the arrays in the order of the network
    ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).putFloat(last, value);
    replace(PARAMETERS, content);
    assertRefused("checkpoint %s has %s at position 9 of fc2.bias".formatted(file, value));
    assertThat(Images.parameters(net)).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {PARAMETERS, OPTIMIZER})
  void load_arrayTooMany_namesIt(String name) throws IOException {
    Map<String, ByteBuffer> before = Images.parameters(net);
    ByteBuffer content =
        ByteBuffer.wrap(Objects.requireNonNull(entries.get(name))).order(ByteOrder.LITTLE_ENDIAN);
    int length = Math.toIntExact(content.getLong(0));
    int data = content.capacity() - 8 - length;
    String header = new String(content.array(), 8, length, StandardCharsets.UTF_8).strip();
    byte[] longer =
        "%s,\"fc9.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%d,%d]}}"
            .formatted(header.substring(0, header.length() - 1), data, data + 4)
            .getBytes(StandardCharsets.UTF_8);
    ByteBuffer more =
        ByteBuffer.allocate(8 + longer.length + data + 4).order(ByteOrder.LITTLE_ENDIAN);
    more.putLong(longer.length).put(longer).put(content.array(), 8 + length, data);
    replace(name, more.array());
    assertRefused("does not fit the network, which has no array fc9.bias");
    assertThat(Images.parameters(net)).isEqualTo(before);
  }

  /** An empty list of arrays once passed: training would have gone on from zeros. */
  @Test
  void loadOptimizer_noArrays_refused() throws IOException {
    replace(OPTIMIZER, new byte[] {2, 0, 0, 0, 0, 0, 0, 0, '{', '}'});
    assertRefused("0/conv1.weight should have shape (32, 1, 3, 3), but is missing");
  }

  @Test
  void loadOptimizer_arraysTooMany_refused() throws IOException {
    replaceHeader("ADADELTA", "SGD");
    assertRefused("entry optimizer.safetensors has more than 65536 bytes");
  }

  /** Damage anywhere in the file; the checksums see what the zip format does not. */
  @Test
  void load_mutatedFile_refusedOrWhole() throws IOException {
    Random random = new Random(17);
    int refused = 0;
    for (int i = 0; i < 100; i++) {
      byte[] mutant = whole.clone();
      // Half of them near the ends of the file, where the structure is.
      int at = random.nextInt(mutant.length);
      if (i % 2 == 0) {
        at = random.nextInt(600);
        at = random.nextBoolean() ? at : mutant.length - 1 - at;
      }
      mutant[at] = (byte) random.nextInt();
      Files.write(file, mutant);
      refused += loads() ? 0 : 1;
    }
    assertThat(refused).isBetween(60, 100);
  }

  /** Damage in an entry under a right checksum, as a faulty or hostile writer would make it. */
  @ParameterizedTest
  @ValueSource(strings = {HEADER, PARAMETERS, OPTIMIZER})
  void load_mutatedEntryWithRightChecksum_refusedOrLoaded(String name) throws IOException {
    Random random = new Random(name.hashCode());
    byte[] content = Objects.requireNonNull(entries.get(name));
    Map<String, byte[]> mutants = new LinkedHashMap<>(entries);
    int loaded = 0;
    int headerLength = Math.min(content.length, 700);
    for (int i = 0; i < 40; i++) {
      byte[] mutant = content.clone();
      for (int k = random.nextInt(3); k >= 0; k--) {
        int at = random.nextInt(random.nextBoolean() ? headerLength : Math.min(headerLength, 10));
        mutant[at] =
            random.nextBoolean() ? (byte) random.nextInt() : content[random.nextInt(headerLength)];
      }
      mutants.put(name, mutant);
      SavedCheckpoint.write(file, mutants);
      loaded += loads() ? 1 : 0;
    }
    assertThat(loaded).as("of 40, some of which still mean something").isBetween(1, 39);
  }

  /** Tells whether the file loads; lets no exception pass but CoracleException, which it eats. */
  private boolean loads() {
    try (LiveArrays live = new LiveArrays()) {
      boolean loaded = true;
      try {
        load();
      } catch (CoracleException e) {
        assertThat(e).hasMessageContaining(file.toString());
        loaded = false;
      }
      assertThat(live.count()).as("open arrays").isZero();
      return loaded;
    }
  }

  private void load() {
    try (NDManager own = manager.newSubManager();
        OptimizerState state = new OptimizerState(net.getParameters())) {
      Checkpoint.load(file, header -> {}, net.getParameters(), own, state);
    }
  }

  private void assertRefused(String message) {
    try (LiveArrays live = new LiveArrays()) {
      assertThatThrownBy(this::load)
          .isInstanceOf(CoracleException.class)
          .hasMessageContaining(message);
      assertThat(live.count()).as("open arrays").isZero();
    }
  }

  private void replace(String name, byte[] content) throws IOException {
    Map<String, byte[]> others = new LinkedHashMap<>(entries);
    others.put(name, content);
    SavedCheckpoint.write(file, others);
  }

  private void replaceHeader(String part, String replacement) throws IOException {
    String header = text(HEADER);
    assertThat(header).contains(part);
    replace(HEADER, header.replace(part, replacement).getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Replaces text of the same length. */
  private void replaceInTensorHeader(String name, String part, String replacement)
      throws IOException {
    String text = text(name);
    assertThat(text.indexOf(part)).isPositive();
    replace(name, text.replace(part, replacement).getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String text(String name) {
    return new String(Objects.requireNonNull(entries.get(name)), StandardCharsets.ISO_8859_1);
  }
}
