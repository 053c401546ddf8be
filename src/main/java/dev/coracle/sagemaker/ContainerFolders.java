// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import java.nio.file.Path;
import java.util.Map;

/**
 * Knows the folders that SageMaker and a container share, below {@code /opt/ml}.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html">
 *     How Amazon SageMaker AI Provides Training Information</a>
 */
public record ContainerFolders(Path base) {

  /** Name of the variable that moves the folders from /opt/ml to another place. */
  public static final String BASE_DIR = "SAGEMAKER_BASE_DIR";

  /** Returns the folders for the environment variables of a process. */
  public static ContainerFolders of(Map<String, String> environment) {
    return new ContainerFolders(Path.of(Variables.text(environment, BASE_DIR, "/opt/ml")));
  }

  /** Returns the folder of the JSON files that describe a training job. */
  public Path config() {
    return base.resolve("input/config");
  }

  /** Returns the folder that has a subfolder for each channel. */
  public Path data() {
    return base.resolve("input/data");
  }

  /** Returns the folder whose content becomes model.tar.gz, or comes from it. */
  public Path model() {
    return base.resolve("model");
  }

  /** Returns the folder of the models of a multi-model endpoint. */
  public Path models() {
    return base.resolve("models");
  }

  /** Returns the folder that becomes output.tar.gz. */
  public Path outputData() {
    return base.resolve("output/data");
  }

  /** Returns the file in which SageMaker looks for the reason of a failure. */
  public Path failure() {
    return base.resolve("output/failure");
  }

  /** Returns the folder that SageMaker copies to and from S3 while a job with checkpoints runs. */
  public Path checkpoints() {
    return base.resolve("checkpoints");
  }
}
