// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.CoracleException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FailuresTest {

  private final TestCloud cloud = new TestCloud();

  @AfterEach
  void close() {
    cloud.close();
  }

  private static void describe() {
    try (Aws aws = Aws.open(null, null)) {
      new Resources(aws.sageMaker()).find(Resources.Kind.MODEL, "digits");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "AccessDeniedException, User x is not authorized to perform: y, policy must allow",
    "ExpiredTokenException, The security token is expired, log in again",
    "UnrecognizedClientException, The security token is invalid, does not accept the credentials",
    "InvalidSignatureException, Signature expired, clock",
    "ResourceLimitExceeded, The limit is 0 Instances, Service Quotas",
    "ResourceInUse, a training job with this name already exists, choose another --name",
    "ValidationException, Cannot find repository: x in registry ID: 1, push the image",
    "ValidationException, Requested image 1.dkr.ecr/x:1 not found., push the image",
    "ValidationException, Could not assume role arn:x., trust sagemaker.amazonaws.com",
  })
  void call_serviceRefuses_saysWhatToDo(String code, String message, String advice) {
    cloud.sageMaker().fail("DescribeModel", 1, 400, code, message);
    assertThatThrownBy(FailuresTest::describe)
        .isInstanceOf(CoracleException.class)
        .hasMessageStartingWith("cannot look up model digits: " + message.replaceAll("\\.$", ""))
        .hasMessageContaining("(" + code + "); ")
        .hasMessageContaining(advice);
  }

  @Test
  void call_throttledTwice_isRepeated() {
    cloud.sageMaker().fail("DescribeModel", 2, 400, "ThrottlingException", "Rate exceeded");
    describe();
    assertThat(cloud.sageMaker().calls()).hasSize(3);
  }

  @Test
  void call_alwaysThrottled_endsAfterThreeAttempts() {
    cloud.sageMaker().fail("DescribeModel", 9, 400, "ThrottlingException", "Rate exceeded");
    assertThatThrownBy(FailuresTest::describe).hasMessageContaining("Rate exceeded");
    assertThat(cloud.sageMaker().calls()).hasSize(3);
  }

  @Test
  void call_noCredentials_saysWhereTheyCanComeFrom() {
    cloud.unset("aws.accessKeyId");
    assertThatThrownBy(FailuresTest::describe)
        .isInstanceOf(CoracleException.class)
        .hasMessage(
            "cannot look up model digits: no AWS credentials were found; log in, or give --profile,"
                + " or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  }

  @Test
  void call_noRegion_saysHowToGiveOne() {
    cloud.unset("aws.region");
    assertThatThrownBy(FailuresTest::describe)
        .isInstanceOf(CoracleException.class)
        .hasMessage(
            "cannot open the client for SageMaker: no AWS region is known; give --region, or set"
                + " AWS_REGION or the profile's region");
  }

  @Test
  void call_unknownProfile_namesIt() {
    try (Aws aws = Aws.open("us-east-1", "nobody")) {
      assertThatThrownBy(() -> new Resources(aws.sageMaker()).find(Resources.Kind.MODEL, "x"))
          .isInstanceOf(CoracleException.class)
          .hasMessageContaining("'nobody'")
          .hasMessageContaining("--profile");
    }
  }

  @Test
  void call_nobodyListens_saysToCheckTheNetwork() {
    System.setProperty("aws.endpointUrl", "http://127.0.0.1:1");
    assertThatThrownBy(FailuresTest::describe)
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("check --region, the network and the proxy");
  }

  @Test
  void call_bucketIsInAnotherRegion_saysSo() {
    cloud.s3().fail("GET", 301, "PermanentRedirect");
    try (Aws aws = Aws.open(null, null)) {
      assertThatThrownBy(() -> new Place(TestCloud.BUCKET, "x").isOurs(aws.s3()))
          .hasMessageContaining("another region");
    }
  }
}
