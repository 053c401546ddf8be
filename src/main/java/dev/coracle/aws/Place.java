// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import dev.coracle.CoracleException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.DeleteObjectsResponse;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Error;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * The place of a name's objects: {@code coracle/NAME/} in a bucket.
 *
 * <p>A marker object makes it ours. It is put before anything else, with {@code If-None-Match: *},
 * so that of two runs with the same name only one gets the place, which must be empty otherwise.
 * Only a place with a marker is ever deleted, the marker last, so that an interrupted deletion can
 * be repeated.
 */
final class Place {

  private static final String MARKER = ".coracle";

  /** First line of the marker, before the name and the run. */
  private static final String MAGIC = "made by coracle sagemaker";

  /** Key of an object's metadata: the run that has put it. */
  private static final String RUN = "coracle-run";

  private static final int DELETED_AT_ONCE = 1000; // the limit of DeleteObjects

  private final String bucket;
  private final String prefix;
  private final String name;

  Place(String bucket, String name) {
    this.bucket = bucket;
    this.name = name;
    this.prefix = "coracle/" + name + "/";
  }

  String uri(String key) {
    return "s3://" + bucket + "/" + prefix + key;
  }

  @Override
  public String toString() {
    return uri("");
  }

  PutObjectRequest put(String key, String run) {
    // Never replaces an existing object.
    return PutObjectRequest.builder()
        .bucket(bucket)
        .key(prefix + key)
        .ifNoneMatch("*")
        .metadata(Map.of(RUN, run))
        .build();
  }

  PutObjectRequest putMarker(String run) {
    return put(MARKER, run);
  }

  ListObjectsV2Request list() {
    return ListObjectsV2Request.builder().bucket(bucket).prefix(prefix).build();
  }

  GetObjectRequest getMarker() {
    return GetObjectRequest.builder().bucket(bucket).key(prefix + MARKER).build();
  }

  private String content(String run) {
    return MAGIC + "\n" + name + "\n" + run + "\n";
  }

  /** Claims the place; throws CoracleException when it is already taken or not empty. */
  void claim(S3Client s3, String run) {
    Failures.call(
        "put the marker of " + this,
        () -> {
          try {
            return s3.putObject(putMarker(run), RequestBody.fromString(content(run)));
          } catch (SdkException e) {
            // Also the SDK's own second attempt after an answer that got lost.
            if (isTaken(e) && marker(s3).equals(content(run))) {
              return e;
            }
            if (isTaken(e)) {
              throw new CoracleException(
                  "%s is in use already; choose another --name, or delete what has this one"
                      .formatted(this),
                  e);
            }
            throw e;
          }
        });
    List<String> others;
    try {
      others = keys(s3).stream().filter(key -> !key.equals(prefix + MARKER)).limit(1).toList();
    } catch (CoracleException e) { // such as no permission to list: nothing must stay behind
      try {
        delete(s3, List.of(prefix + MARKER));
      } catch (CoracleException other) {
        throw new CoracleException(
            "%s; %s stays, as it cannot be deleted: %s"
                .formatted(e.getMessage(), uri(MARKER), other.getMessage()),
            e);
      }
      throw e;
    }
    if (!others.isEmpty()) {
      delete(s3, List.of(prefix + MARKER));
      throw new CoracleException(
          "%s has objects that coracle did not put there, such as %s; choose another --name"
              .formatted(this, Text.line(others.get(0))));
    }
  }

  private static boolean isTaken(SdkException e) {
    String code = Failures.code(e);
    return code.equals("PreconditionFailed") || code.equals("ConditionalRequestConflict");
  }

  /** Tells whether the marker exists and is ours. */
  boolean isOurs(S3Client s3) {
    return Failures.call("look for the marker of " + this, () -> marker(s3))
        .startsWith(MAGIC + "\n" + name + "\n");
  }

  private String marker(S3Client s3) {
    try {
      return s3.getObjectAsBytes(getMarker()).asUtf8String();
    } catch (NoSuchKeyException e) {
      return "";
    }
  }

  /** Puts a file; {@code key} is below the place. */
  void upload(S3Client s3, Path file, String key, String run) {
    if (!Files.isReadable(file)) {
      throw new CoracleException("cannot read " + file);
    }
    Failures.call(
        "upload %s to %s".formatted(file, uri(key)),
        () -> {
          try {
            return s3.putObject(put(key, run), RequestBody.fromFile(file));
          } catch (SdkException e) {
            // Also the SDK's own second attempt after an answer that got lost.
            if (isTaken(e) && isOf(s3, key, run)) {
              return e;
            }
            if (isTaken(e)) {
              throw new CoracleException(
                  "%s is there already; choose another --name, or delete what has this one"
                      .formatted(uri(key)),
                  e);
            }
            throw e;
          }
        });
  }

  private boolean isOf(S3Client s3, String key, String run) {
    try {
      return run.equals(
          s3.headObject(request -> request.bucket(bucket).key(prefix + key)).metadata().get(RUN));
    } catch (NoSuchKeyException e) { // another request with this key is still under way
      return false;
    }
  }

  /** Returns all keys below the place. */
  List<String> keys(S3Client s3) {
    return Failures.call(
        "list " + this,
        () -> s3.listObjectsV2Paginator(list()).contents().stream().map(S3Object::key).toList());
  }

  /** Deletes all objects below the place, the marker last, and returns their number. */
  int deleteAll(S3Client s3) {
    List<String> keys = keys(s3).stream().filter(key -> !key.equals(prefix + MARKER)).toList();
    for (int i = 0; i < keys.size(); i += DELETED_AT_ONCE) {
      delete(s3, keys.subList(i, Math.min(keys.size(), i + DELETED_AT_ONCE)));
    }
    delete(s3, List.of(prefix + MARKER));
    return keys.size() + 1;
  }

  private void delete(S3Client s3, List<String> keys) {
    List<ObjectIdentifier> objects =
        keys.stream().map(key -> ObjectIdentifier.builder().key(key).build()).toList();
    DeleteObjectsResponse response =
        Failures.call(
            "delete the objects of " + this,
            () ->
                s3.deleteObjects(
                    request -> request.bucket(bucket).delete(d -> d.objects(objects).quiet(true))));
    if (!response.errors().isEmpty()) {
      S3Error error = response.errors().get(0);
      throw new CoracleException(
          "cannot delete %d of the objects of %s, such as %s: %s (%s)"
              .formatted(
                  response.errors().size(), this, error.key(), error.message(), error.code()));
    }
  }

  /** Writes an object to a file that does not exist yet. */
  static void download(S3Client s3, String uri, Path file) {
    String[] parts = uri.startsWith("s3://") ? uri.substring(5).split("/", 2) : new String[0];
    if (parts.length < 2) {
      throw new CoracleException("expected s3://BUCKET/KEY, got '" + Text.line(uri) + "'");
    }
    // The SDK removes what a failed attempt has written.
    Failures.call(
        "download " + uri, () -> s3.getObject(get -> get.bucket(parts[0]).key(parts[1]), file));
  }
}
