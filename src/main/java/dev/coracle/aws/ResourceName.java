// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.regex.Pattern;

/** Checks names by SageMaker's rules, to report a wrong one before anything is created. */
public final class ResourceName {

  /** The same for jobs, models, configurations and endpoints. */
  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9](-*[a-zA-Z0-9])*");

  private static final int MAX_LENGTH = 63;

  /** The general rule of S3, to which the finer points are left. */
  private static final Pattern BUCKET = Pattern.compile("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]");

  private static final Pattern ROLE =
      Pattern.compile("arn:aws[a-z\\-]*:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+");

  private ResourceName() {}

  /** Returns {@code coracle-mnist-<yyyyMMdd-HHmmss>}. */
  public static String at(LocalDateTime time) {
    return "coracle-mnist-"
        + DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT).format(time);
  }

  /** Returns the name; throws IllegalArgumentException when SageMaker would not take it. */
  static String name(String name) {
    if (name.length() > MAX_LENGTH || !NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "name must be 1 to 63 letters a-z and A-Z, digits and hyphens, with no hyphen at either"
              + " end, got '%s'".formatted(name));
    }
    return name;
  }

  static String bucket(String bucket) {
    if (!BUCKET.matcher(bucket).matches()) {
      throw new IllegalArgumentException(
          "bucket must be the name of an S3 bucket (3 to 63 of a-z, 0-9, dots and hyphens; no s3://),"
              + " got '%s'".formatted(bucket));
    }
    return bucket;
  }

  static String role(String role) {
    if (role.length() > 2048 || !ROLE.matcher(role).matches()) {
      throw new IllegalArgumentException(
          "role must be an ARN such as arn:aws:iam::123456789012:role/NAME, got '%s'"
              .formatted(role));
    }
    return role;
  }

  static String image(String image) {
    if (image.isEmpty() || image.length() > 255 || !image.matches("\\S+")) {
      throw new IllegalArgumentException(
          "image must be an image in ECR, such as"
              + " 123456789012.dkr.ecr.eu-central-1.amazonaws.com/coracle:latest, got '%s'"
                  .formatted(image));
    }
    return image;
  }

  static int between(String option, int value, int low, int high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(
          "%s must be from %d to %d, got %d".formatted(option, low, high, value));
    }
    return value;
  }
}
