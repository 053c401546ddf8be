// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import dev.coracle.CoracleException;
import java.io.IOException;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.exception.SdkServiceException;

/** Turns the SDK's exceptions into one sentence that says what to do. */
final class Failures {

  private static final Set<String> EXPIRED =
      Set.of("ExpiredToken", "ExpiredTokenException", "RequestExpired");

  /** Beginnings of messages of the SDK itself, which have no code. */
  private static final String NO_REGION = "Unable to load region from any of";

  private static final String NO_CREDENTIALS = "Unable to load credentials from any of";

  private static final Set<String> BAD_KEY =
      Set.of(
          "UnrecognizedClientException",
          "InvalidClientTokenId",
          "InvalidAccessKeyId",
          "IncompleteSignature",
          "IncompleteSignatureException",
          "InvalidSignatureException",
          "MissingAuthenticationTokenException",
          "RequestTimeTooSkewed",
          "SignatureDoesNotMatch");

  private Failures() {}

  /** Calls AWS; in the message of a failure, {@code action} follows "cannot". */
  static <T> T call(String action, Supplier<T> call) {
    try {
      return call.get();
    } catch (SdkException e) {
      throw exception(action, e);
    }
  }

  static CoracleException exception(String action, SdkException e) {
    return new CoracleException("cannot " + action + ": " + reason(e), e);
  }

  /** Returns the service's message, its code, and what to do about it. */
  static String reason(SdkException e) {
    String said = Text.line(message(e)).replaceAll("[.\\s]+$", "");
    String code = code(e);
    String advice = advice(e, said);
    return said
        + (code.isEmpty() ? "" : " (" + code + ")")
        + (advice.isEmpty() ? "" : "; " + advice);
  }

  private static String message(SdkException e) {
    if (e instanceof AwsServiceException service) {
      AwsErrorDetails details = service.awsErrorDetails();
      if (details != null && details.errorMessage() != null && !details.errorMessage().isBlank()) {
        return details.errorMessage();
      }
      return "HTTP status " + service.statusCode();
    }
    String message = String.valueOf(e.getMessage());
    if (message.contains(NO_REGION)) { // the SDK lists everything it has tried
      return "no AWS region is known";
    }
    if (message.contains(NO_CREDENTIALS)) {
      return "no AWS credentials were found";
    }
    return message;
  }

  /** Returns the service's code of the error, or "" where there is none. */
  static String code(SdkException e) {
    if (e instanceof AwsServiceException service && service.awsErrorDetails() != null) {
      return Objects.requireNonNullElse(service.awsErrorDetails().errorCode(), "");
    }
    return "";
  }

  private static String advice(SdkException e, String said) {
    if (e instanceof AwsServiceException service) {
      return advice(service, code(e), said);
    }
    if (said.contains("region is known")) {
      return "give --region, or set AWS_REGION or the profile's region";
    }
    if (said.contains("credentials")) {
      return "log in, or give --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
    }
    if (hasCause(e, IOException.class)) {
      return "check --region, the network and the proxy";
    }
    return "";
  }

  private static String advice(AwsServiceException e, String code, String said) {
    if (EXPIRED.contains(code)) {
      return "the credentials have expired; log in again, for example with 'aws sso login'";
    }
    if (BAD_KEY.contains(code)) {
      return "AWS does not accept the credentials; check the key, the profile and this machine's clock";
    }
    if (code.startsWith("AccessDenied") || e.statusCode() == 403) {
      return "the caller's policy must allow it; docs/sagemaker-cloud.md lists what is needed";
    }
    if (code.equals("NoSuchBucket")) {
      return "create the bucket in the job's region first";
    }
    if (e.statusCode() == 301 || code.equals("AuthorizationHeaderMalformed")) {
      return "the bucket is in another region; give that one with --region, or another --bucket";
    }
    if (code.equals("ResourceLimitExceeded")) {
      return "choose another --instance-type, or ask for more in Service Quotas";
    }
    if (said.contains("already exist")) {
      return "choose another --name, or delete what has this one";
    }
    if (said.contains("Cannot find repository") || said.matches(".*[Ii]mage .*not found.*")) {
      return "push the image to ECR in the same region first, and let the role pull it";
    }
    if (said.contains("Could not assume role")) {
      return "the role must exist and trust sagemaker.amazonaws.com";
    }
    return "";
  }

  /** Tells whether something of this name already exists. */
  static boolean isNameTaken(SdkException e) {
    return code(e).equals("ResourceInUse") || message(e).contains("already exist");
  }

  /** Tells whether the service does not know the name; its calls have no common error for that. */
  static boolean isMissing(SdkException e) {
    String code = code(e);
    return code.equals("ResourceNotFound")
        || code.equals("ResourceNotFoundException")
        || (code.equals("ValidationException")
            && (message(e).startsWith("Could not find")
                || message(e).startsWith("Requested resource not found")));
  }

  /**
   * Tells whether the caller may not make this call, or the service does not support it (yet, or in
   * this region).
   */
  static boolean isDenied(SdkException e) {
    String code = code(e);
    return code.startsWith("AccessDenied") || code.startsWith("UnknownOperation");
  }

  /** Tells whether the call may succeed later: throttling, failures of service or network. */
  static boolean isTransient(SdkException e) {
    if (e instanceof SdkServiceException service) {
      return service.isThrottlingException() || service.statusCode() >= 500;
    }
    return hasCause(e, IOException.class);
  }

  private static boolean hasCause(Throwable e, Class<? extends Throwable> type) {
    for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
      if (type.isInstance(cause)) {
        return true;
      }
    }
    return false;
  }
}
