// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.aws.Aws;
import dev.coracle.aws.ResourceName;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of all commands that talk to AWS. */
final class AwsOptions {

  static final String ROLE_VARIABLE = "SAGEMAKER_ROLE";

  @Option(
      names = "--region",
      paramLabel = "NAME",
      converter = Converters.Region.class,
      description = {"AWS region.", "  Default: AWS_REGION, or the profile's"})
  private @Nullable String region;

  @Option(
      names = "--profile",
      paramLabel = "NAME",
      description = {"Profile in ~/.aws/config.", "  Default: where the AWS SDK looks"})
  private @Nullable String profile;

  @Spec(Spec.Target.MIXEE)
  private @Nullable CommandSpec command;

  Aws open() {
    return Aws.open(region, profile);
  }

  /** Returns the command that deletes, complete, so that it works anywhere and at any time. */
  String deleteCommand(Aws cloud, String name, @Nullable String bucket) {
    StringBuilder line = new StringBuilder("coracle sagemaker delete --name ").append(name);
    append(line, "--bucket", bucket);
    return withAccount(cloud, line);
  }

  String invokeCommand(Aws cloud, String name) {
    StringBuilder line = new StringBuilder("coracle sagemaker invoke --name ").append(name);
    return withAccount(cloud, line) + " digit.png";
  }

  private String withAccount(Aws cloud, StringBuilder line) {
    append(line, "--region", cloud.region()); // elsewhere nothing would be found
    append(line, "--profile", profile);
    return line.toString();
  }

  private static void append(StringBuilder line, String option, @Nullable String value) {
    if (value != null) {
      line.append(' ').append(option).append(' ').append(value);
    }
  }

  String nameOrNew(@Nullable String name) {
    return name == null ? ResourceName.at(LocalDateTime.now(ZoneId.systemDefault())) : name;
  }

  String role(@Nullable String role) {
    if (role == null || role.isBlank()) {
      throw usage("--role is required, or the environment variable " + ROLE_VARIABLE);
    }
    return role;
  }

  ParameterException usage(IllegalArgumentException e) {
    return usage(SetterMessage.asOption(e));
  }

  ParameterException usage(String message) {
    return new ParameterException(Objects.requireNonNull(command).commandLine(), message);
  }
}
