// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sagemaker.model.Tag;

/**
 * Marks what a run creates: {@code coracle:name} is the name, by which {@link Deletion} knows what
 * it may delete; {@code coracle:bucket} says where its objects are; {@code coracle:run} is unique
 * to this run. If an answer is lost, the SDK repeats the call, which then fails because the name is
 * taken; the run's id tells that we took it ourselves.
 */
record Ownership(String name, @Nullable String bucket, String run) {

  static final String NAME = "coracle:name";
  static final String BUCKET = "coracle:bucket";
  static final String RUN = "coracle:run";

  static Ownership of(String name, @Nullable String bucket) {
    return new Ownership(name, bucket, UUID.randomUUID().toString());
  }

  List<Tag> tags() {
    List<Tag> tags = new ArrayList<>(List.of(tag(NAME, name), tag(RUN, run)));
    if (bucket != null) {
      tags.add(tag(BUCKET, bucket));
    }
    return tags;
  }

  private static Tag tag(String key, String value) {
    return Tag.builder().key(key).value(value).build();
  }
}
