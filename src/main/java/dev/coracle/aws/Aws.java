// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsSyncClientBuilder;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.core.retry.RetryMode;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.PartitionMetadata;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.sagemaker.SageMakerClient;
import software.amazon.awssdk.services.sagemakerruntime.SageMakerRuntimeClient;

/**
 * Opens the SDK's clients when they are first needed, with the region and the credentials from
 * AWS's default chain. Throttled and failed calls are repeated in the SDK's standard mode: three
 * attempts. Not thread-safe.
 */
public final class Aws implements AutoCloseable {

  /** An endpoint may take 60 seconds for an answer; the rest is for the network. */
  private static final Duration ANSWER = Duration.ofSeconds(70);

  private final @Nullable Region region;
  private final @Nullable String profile;
  private final SdkHttpClient http =
      UrlConnectionHttpClient.builder().socketTimeout(ANSWER).build();
  private final @Nullable ProfileCredentialsProvider credentials;
  private @Nullable S3Client s3;
  private @Nullable SageMakerClient sageMaker;
  private @Nullable SageMakerRuntimeClient runtime;
  private @Nullable CloudWatchLogsClient logs;

  private Aws(@Nullable Region region, @Nullable String profile) {
    this.region = region;
    this.profile = profile;
    // An explicit profile is used directly: the chain would prefer the environment's keys.
    this.credentials = profile == null ? null : ProfileCredentialsProvider.create(profile);
  }

  /**
   * Prepares clients; makes no calls yet.
   *
   * @param region for example {@code eu-central-1}; null for the one that the environment or the
   *     profile names
   * @param profile one in {@code ~/.aws/config}; null for the default chain
   */
  public static Aws open(@Nullable String region, @Nullable String profile) {
    return new Aws(region == null ? null : Region.of(region), profile);
  }

  /**
   * Returns the region that calls go to, such as {@code eu-central-1}.
   *
   * @throws dev.coracle.CoracleException when none is known
   */
  public String region() {
    return where().id();
  }

  private Region where() {
    return sageMaker().serviceClientConfiguration().region();
  }

  /** Returns the address of a training job's page in the console. */
  public String consolePage(String trainingJob) {
    String host =
        switch (PartitionMetadata.of(where()).id()) {
          case "aws-cn" -> "console.amazonaws.cn";
          case "aws-us-gov" -> "console.amazonaws-us-gov.com";
          default -> "console.aws.amazon.com";
        };
    return "https://%s/sagemaker/home?region=%s#/jobs/%s".formatted(host, region(), trainingJob);
  }

  S3Client s3() {
    if (s3 == null) {
      // This way an upload to a bucket in another region fails here rather than in the training
      // job.
      s3 = build(S3Client::builder, S3Client.class);
    }
    return s3;
  }

  SageMakerClient sageMaker() {
    if (sageMaker == null) {
      sageMaker = build(SageMakerClient::builder, SageMakerClient.class);
    }
    return sageMaker;
  }

  SageMakerRuntimeClient runtime() {
    if (runtime == null) {
      runtime = build(SageMakerRuntimeClient::builder, SageMakerRuntimeClient.class);
    }
    return runtime;
  }

  CloudWatchLogsClient logs() {
    if (logs == null) {
      logs = build(CloudWatchLogsClient::builder, CloudWatchLogsClient.class);
    }
    return logs;
  }

  private <B extends AwsClientBuilder<B, C> & AwsSyncClientBuilder<B, C>, C extends SdkClient>
      C build(Supplier<B> start, Class<C> type) {
    return Failures.call(
        "open the client for " + type.getSimpleName().replace("Client", ""),
        () -> {
          B builder = start.get();
          builder.httpClient(http);
          builder.overrideConfiguration(
              options -> {
                options.retryStrategy(RetryMode.STANDARD);
                if (profile != null) {
                  options.defaultProfileName(profile);
                }
              });
          if (credentials != null) {
            builder.credentialsProvider(credentials);
          }
          if (region != null) {
            builder.region(region);
          }
          return type.cast(builder.build());
        });
  }

  @Override
  public void close() {
    for (SdkClient client : new SdkClient[] {s3, sageMaker, runtime, logs}) {
      if (client != null) {
        client.close();
      }
    }
    if (credentials != null) {
      credentials.close();
    }
    http.close();
  }
}
