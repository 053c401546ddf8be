// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Starts both fakes and points the SDK at them by its own system properties, until it is closed; it
 * then expects that no request was wrong.
 */
public final class TestCloud implements AutoCloseable {

  static final String KEY = "test";
  static final String REGION = "us-east-1";

  public static final String BUCKET = "my-bucket";
  public static final String ROLE = "arn:aws:iam::123456789012:role/coracle";
  public static final String IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/coracle:1";

  private final FakeSageMaker sageMaker = new FakeSageMaker();
  private final FakeS3 s3 = new FakeS3(BUCKET);
  private final Map<String, String> properties = new LinkedHashMap<>();

  public TestCloud() {
    set("aws.endpointUrl", sageMaker.uri().toString());
    set("aws.endpointUrlS3", s3.uri().toString());
    set("aws.region", REGION);
    set("aws.accessKeyId", KEY);
    set("aws.secretAccessKey", "test");
    set("aws.disableEc2Metadata", "true");
  }

  /** Gives the SDK another of its settings, until the end. */
  void set(String name, String value) {
    System.setProperty(name, value);
    properties.put(name, value);
  }

  /** Takes one of the SDK's settings away. */
  public void unset(String property) {
    System.clearProperty(property);
  }

  public FakeSageMaker sageMaker() {
    return sageMaker;
  }

  public FakeAccount account() {
    return sageMaker.account();
  }

  public FakeS3 s3() {
    return s3;
  }

  @Override
  public void close() {
    properties.keySet().forEach(System::clearProperty);
    sageMaker.close();
    s3.close();
    assertThat(sageMaker.violations()).as("wrong by AWS's own model").isEmpty();
  }
}
