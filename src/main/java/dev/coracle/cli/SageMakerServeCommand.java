// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.CoracleException;
import dev.coracle.sagemaker.ServingEnvironment;
import dev.coracle.serving.ServerOptions;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Serves inside a SageMaker container. */
@Command(
    name = "serve",
    sortOptions = false,
    description = {
      "Serves the model in /opt/ml/model, as SageMaker starts it in a container; see serve for"
          + " what else it answers.",
      "",
      "Heeds SAGEMAKER_BASE_DIR, SAGEMAKER_BIND_TO_PORT, SAGEMAKER_MULTI_MODEL,"
          + " SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT, SAGEMAKER_MAX_PAYLOAD_IN_MB,"
          + " SAGEMAKER_MODEL_SERVER_TIMEOUT(_SECONDS) and SAGEMAKER_CONTAINER_LOG_LEVEL."
    })
final class SageMakerServeCommand implements Callable<Integer> {

  private final Terminal terminal;

  SageMakerServeCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    ServingEnvironment environment = ServingEnvironment.read(System.getenv());
    ServerOptions.Builder options = options(environment);
    try {
      ServeCommand.serve(terminal.plain(), served(environment), options, false);
    } catch (IllegalArgumentException e) { // only the server knows the supported types
      throw new CoracleException(
          "the variable SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT is '%s': %s; expected application/json or text/csv, for example"
              .formatted(environment.defaultAccept(), e.getMessage()),
          e);
    }
    return 0;
  }

  private static String served(ServingEnvironment environment) {
    return String.valueOf(environment.model() == null ? environment.models() : environment.model());
  }

  static ServerOptions.Builder options(ServingEnvironment environment) {
    ServerOptions.Builder options =
        ServerOptions.builder()
            .host("0.0.0.0") // the only address that SageMaker reaches
            .port(environment.port())
            .defaultAccept(environment.defaultAccept())
            .maxBodyBytes(environment.maxBodyBytes())
            .deadline(environment.deadline());
    Path model = environment.model();
    return model == null
        ? options.modelsFolder(Objects.requireNonNull(environment.models()))
        : options.model(model);
  }
}
