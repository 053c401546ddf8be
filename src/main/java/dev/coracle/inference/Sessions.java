// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import dev.coracle.AtomicFile;
import dev.coracle.CoracleException;
import dev.coracle.inference.ModelOptions.OptimizationLevel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Creates ONNX Runtime sessions, and describes failures to load a file in one sentence. */
final class Sessions {

  private static final int MAX_REASON = 1_000;

  /** Ends the part of a message that tells the place in the sources. */
  private static final String CONDITION = " was false.";

  private Sessions() {}

  /**
   * Creates a session for a file that has passed the checks; the caller closes it.
   *
   * @throws InvalidModelException if ONNX Runtime refuses the model
   * @throws CoracleException if CUDA is asked for but not available, or the optimised graph cannot
   *     be written
   */
  static OrtSession create(ModelFile model, ModelOptions options) {
    Path optimizedFile = options.optimizedFile();
    if (optimizedFile == null) {
      return create(model, options, null);
    }
    try {
      // Not beside the target: ONNX Runtime's Java binding garbles some letters of a path.
      Path temporary = Files.createTempFile("coracle-", ".onnx");
      OrtSession session = null;
      try {
        session = create(model, options, temporary);
        AtomicFile.write(optimizedFile, out -> Files.copy(temporary, out));
        Files.delete(temporary);
        return session;
      } catch (Throwable e) {
        if (session != null) {
          closeAfter(e, session);
        }
        Files.deleteIfExists(temporary);
        throw e;
      }
    } catch (IOException e) {
      throw new CoracleException(
          optimizedFile + ": the optimised model cannot be written: " + CoracleException.reason(e),
          e);
    }
  }

  private static OrtSession create(
      ModelFile model, ModelOptions options, @Nullable Path optimizedFile) {
    OrtEnvironment environment = Environment.get();
    try (OrtSession.SessionOptions sessionOptions = new OrtSession.SessionOptions()) {
      sessionOptions.setIntraOpNumThreads(options.intraOpThreads());
      sessionOptions.setInterOpNumThreads(1);
      // Failures are reported by the exception; ONNX Runtime would print them as well.
      sessionOptions.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
      // A spinning pool keeps whole cores busy between two calls.
      sessionOptions.addConfigEntry("session.intra_op.allow_spinning", "0");
      sessionOptions.addConfigEntry("session.inter_op.allow_spinning", "0");
      sessionOptions.setOptimizationLevel(level(options.optimizationLevel()));
      if (options.optimizationLevel() == OptimizationLevel.KEEPING_WEIGHTS) {
        sessionOptions.addConfigEntry(
            "optimization.disable_specified_optimizers",
            "ConvBNFusion;ConvMulFusion;ConvAddFusion");
      }
      if (optimizedFile != null) {
        sessionOptions.setOptimizedModelFilePath(optimizedFile.toString());
      }
      if (options.cudaDevice().isPresent()) {
        addCuda(sessionOptions, options.cudaDevice().getAsInt());
      }
      ExternalData.Tensors weights = model.externalData().addTo(sessionOptions, environment);
      try (weights) {
        return model.isMapped()
            ? environment.createSession(model.file().toAbsolutePath().toString(), sessionOptions)
            : environment.createSession(model.bytes().array(), sessionOptions);
      }
    } catch (OrtException e) {
      if (options.cudaDevice().isPresent()) { // the device may be at fault
        throw new CoracleException(
            "%s: ONNX Runtime cannot load this model on CUDA device %d, it said \"%s\"; check the number of the device and its memory, or open the model on the CPU"
                .formatted(model.file(), options.cudaDevice().getAsInt(), reason(e)),
            e);
      }
      throw new InvalidModelException(
          model.file()
              + ": expected a complete ONNX model that ONNX Runtime can load, but it said \""
              + reason(e)
              + "\"; check that the file was copied to its end and holds its weights",
          e);
    }
  }

  private static void addCuda(OrtSession.SessionOptions sessionOptions, int device) {
    try {
      sessionOptions.addCUDA(device);
    } catch (OrtException e) {
      throw new CoracleException(
          "cuda("
              + device
              + "): ONNX Runtime finds no CUDA here, it said \""
              + reason(e)
              + "\"; depend on com.microsoft.onnxruntime:onnxruntime_gpu in the place of onnxruntime,"
              + " in the same version, and install NVIDIA's CUDA and cuDNN",
          e);
    }
  }

  private static OptLevel level(OptimizationLevel level) {
    return switch (level) {
      case NONE -> OptLevel.NO_OPT;
      case BASIC -> OptLevel.BASIC_OPT;
      case EXTENDED, KEEPING_WEIGHTS -> OptLevel.EXTENDED_OPT;
      case ALL -> OptLevel.ALL_OPT;
    };
  }

  /** Closes a session that cannot be used; a failure to close is added as suppressed. */
  static void closeAfter(Throwable failure, OrtSession session) {
    try {
      session.close();
    } catch (OrtException e) {
      failure.addSuppressed(e);
    }
  }

  /**
   * Returns ONNX Runtime's message as one harmless line, without the error code that its Java
   * binding prepends and the place in its C++ sources with the signature of the function. The
   * message may quote names from the file, of any length and content.
   */
  static String reason(OrtException e) {
    String told = String.valueOf(e.getMessage()).replaceFirst("^Error code - \\w+ - message: ", "");
    if (told.length() > MAX_REASON) { // the end says what is wrong, the beginning where
      int half = MAX_REASON / 2;
      told = told.substring(0, half) + " … " + told.substring(told.length() - half);
    }
    int place = told.indexOf("/onnxruntime_src/");
    int end = place < 0 ? -1 : told.indexOf(CONDITION, place);
    if (end >= 0 && !told.substring(end + CONDITION.length()).isBlank()) {
      told = told.substring(0, place) + told.substring(end + CONDITION.length()).strip();
    }
    return Quote.plain(told.strip().replace('\n', ' '), 2 * MAX_REASON);
  }
}
