// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The cloud of the test holds the signature of each request against what is expected. */
class AwsTest {

  private final TestCloud cloud = new TestCloud();

  @AfterEach
  void close() {
    cloud.close();
  }

  private static void call(Aws aws) {
    assertThat(new Resources(aws.sageMaker()).find(Resources.Kind.MODEL, "x")).isEmpty();
  }

  @Test
  void open_region_isWhereCallsGo() {
    cloud.sageMaker().expect(TestCloud.KEY, "eu-west-1");
    try (Aws aws = Aws.open("eu-west-1", null)) {
      call(aws);
      assertThat(aws.region()).isEqualTo("eu-west-1");
    }
  }

  @Test
  void open_noRegion_isThatOfTheEnvironment() {
    try (Aws aws = Aws.open(null, null)) {
      call(aws);
      assertThat(aws.region()).isEqualTo(TestCloud.REGION);
    }
  }

  /** Another account would be billed for what the chain finds first. */
  @Test
  void open_profile_goesBeforeTheKeysOfTheEnvironment(@TempDir Path folder) throws IOException {
    Path credentials =
        Files.writeString(
            folder.resolve("credentials"),
            """
            [other]
            aws_access_key_id = OTHERKEY
            aws_secret_access_key = secret
            """);
    cloud.set("aws.sharedCredentialsFile", credentials.toString());
    cloud.sageMaker().expect("OTHERKEY", TestCloud.REGION);
    try (Aws aws = Aws.open(null, "other")) {
      call(aws);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "eu-central-1, console.aws.amazon.com",
    "eu-nowhere-9, console.aws.amazon.com",
    "us-gov-west-1, console.amazonaws-us-gov.com",
    "cn-north-1, console.amazonaws.cn"
  })
  void consolePage_isInTheRegionsPartition(String region, String host) {
    try (Aws aws = Aws.open(region, null)) {
      assertThat(aws.consolePage("digits"))
          .isEqualTo("https://%s/sagemaker/home?region=%s#/jobs/digits", host, region);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"a\u001b[31mb | a?[31mb", "a\u009b31mb | a?31mb", "a\u202eb | a?b", "a\tb | a b"})
  void line_hasNothingThatATerminalObeys(String text, String expected) {
    assertThat(Text.line(text)).isEqualTo(expected);
  }
}
