// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import dev.coracle.CoracleException;
import dev.coracle.aws.RequestPrinter.Planned;
import dev.coracle.aws.Resources.Found;
import dev.coracle.aws.Resources.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.sagemaker.model.DeleteEndpointConfigRequest;
import software.amazon.awssdk.services.sagemaker.model.DeleteEndpointRequest;
import software.amazon.awssdk.services.sagemaker.model.DeleteModelRequest;
import software.amazon.awssdk.services.sagemaker.model.DeleteTrainingJobRequest;
import software.amazon.awssdk.services.sagemaker.model.DescribeEndpointConfigRequest;
import software.amazon.awssdk.services.sagemaker.model.DescribeEndpointRequest;
import software.amazon.awssdk.services.sagemaker.model.DescribeModelRequest;
import software.amazon.awssdk.services.sagemaker.model.DescribeTrainingJobRequest;
import software.amazon.awssdk.services.sagemaker.model.StopTrainingJobRequest;

/**
 * Deletes what was created under a name, and only that: resources that bear our tag with the name,
 * and objects of a place with our marker. A running training job is stopped first. It is no failure
 * if the job's record stays because SageMaker does not let it be deleted; its log always stays. May
 * be repeated, even after a failure.
 */
public final class Deletion {

  private static final String IN_PROGRESS = "InProgress";
  private static final Set<String> RUNNING = Set.of(IN_PROGRESS, "Stopping");

  /** States in which an endpoint is changing; SageMaker refuses to delete it until that is over. */
  private static final Set<String> CHANGING =
      Set.of("Creating", "Updating", "SystemUpdating", "RollingBack");

  private static final String DELETING = "Deleting";

  /** Kinds deleted after the objects, because their tag names the bucket. */
  private static final Set<Kind> LAST = Set.of(Kind.MODEL, Kind.TRAINING_JOB);

  private final String name;
  private final @Nullable String bucket;
  private final Duration poll;
  private int deleted;
  private boolean foreign;
  private boolean recordStays;

  /**
   * Prepares a deletion.
   *
   * @param bucket where the objects are; null for the buckets named by the resources' tags
   * @throws IllegalArgumentException for invalid names
   */
  public Deletion(String name, @Nullable String bucket, Duration poll) {
    this.name = ResourceName.name(name);
    this.bucket = bucket == null ? null : ResourceName.bucket(bucket);
    this.poll = poll;
  }

  /**
   * Returns, as JSON, what {@link #run} would send if everything exists and is ours; makes no
   * calls.
   */
  public String plan() {
    String ours = "only if ListTags on its ARN shows %s=%s".formatted(Ownership.NAME, name);
    List<Planned> requests = new ArrayList<>();
    requests.add(new Planned(DescribeEndpointRequest.builder().endpointName(name).build()));
    requests.add(
        new Planned(DescribeEndpointConfigRequest.builder().endpointConfigName(name).build()));
    requests.add(new Planned(DescribeModelRequest.builder().modelName(name).build()));
    requests.add(new Planned(DescribeTrainingJobRequest.builder().trainingJobName(name).build()));
    requests.add(
        new Planned(
            StopTrainingJobRequest.builder().trainingJobName(name).build(),
            ours + ", and if it runs"));
    requests.add(new Planned(DeleteEndpointRequest.builder().endpointName(name).build(), ours));
    requests.add(
        new Planned(DeleteEndpointConfigRequest.builder().endpointConfigName(name).build(), ours));
    if (bucket != null) {
      Place place = new Place(bucket, name);
      requests.add(new Planned(place.getMarker()));
      requests.add(
          new Planned(place.list(), "then DeleteObjects of all of these, if the marker is ours"));
    }
    requests.add(new Planned(DeleteModelRequest.builder().modelName(name).build(), ours));
    requests.add(
        new Planned(DeleteTrainingJobRequest.builder().trainingJobName(name).build(), ours));
    return RequestPrinter.print(requests);
  }

  /** Deletes all; returns false when something of this name is not ours and was left alone. */
  public boolean run(Aws aws, Listener listener) {
    Resources resources = new Resources(aws.sageMaker());
    List<Found> ours = new ArrayList<>();
    Set<String> buckets = new TreeSet<>();
    if (bucket != null) {
      buckets.add(bucket);
    }
    for (Kind kind : Kind.values()) {
      resources.find(kind, name).ifPresent(found -> sort(found, ours, buckets, listener));
    }
    // Whatever keeps costing money is told to end before waiting for anything. A job has ended
    // before the objects that it writes are deleted; and a resource with the tag that names the
    // bucket is kept to the last, so that the deletion can be repeated.
    Optional<Found> job =
        ours.stream().filter(found -> found.kind() == Kind.TRAINING_JOB).findAny();
    boolean stopping = false;
    CoracleException unstopped = null;
    try {
      stopping = job.isPresent() && isStopping(resources, job.get());
    } catch (CoracleException e) {
      unstopped = e; // thrown later: it must not keep an endpoint alive
    }
    for (Found found : ours) {
      if (!LAST.contains(found.kind())) {
        delete(resources, found, listener);
      }
    }
    if (unstopped != null) {
      throw unstopped;
    }
    if (stopping) {
      awaitEnd(resources, job.get(), RUNNING, listener); // it uploads its results so far
      listener.line("Stopped " + job.get());
    }
    for (String place : buckets) {
      deleteObjects(aws, new Place(place, name), listener);
    }
    for (Found found : ours) {
      if (LAST.contains(found.kind())) {
        delete(resources, found, listener);
      }
    }
    if (deleted == 0 && !foreign && !recordStays) {
      listener.line("There is nothing left of %s in %s".formatted(name, aws.region()));
    }
    if (buckets.isEmpty()) {
      listener.line("No bucket is known; if one has objects of this name, say which: --bucket");
    }
    return !foreign;
  }

  private void sort(Found found, List<Found> ours, Set<String> buckets, Listener listener) {
    if (!found.isOf(name)) {
      foreign = true;
      listener.line(
          "Left alone: %s, which has no tag %s=%s".formatted(found, Ownership.NAME, name));
      return;
    }
    ours.add(found);
    String tagged = found.tags().get(Ownership.BUCKET);
    if (tagged != null) {
      buckets.add(tagged);
    }
  }

  private void delete(Resources resources, Found found, Listener listener) {
    if (found.kind() == Kind.ENDPOINT) {
      awaitEnd(resources, found, CHANGING, listener);
    }
    if (!found.status().equals(DELETING) && !isAccepted(resources, found, listener)) {
      return;
    }
    if (found.kind() == Kind.ENDPOINT) { // which uses its configuration until then
      awaitEnd(resources, found, Set.of(), listener);
    } else if (found.kind() == Kind.TRAINING_JOB) { // so that its name is free
      awaitEnd(resources, found, Set.of(DELETING), listener);
    }
    deleted++;
    listener.line("Deleted " + found);
  }

  /**
   * Asks SageMaker to delete; returns false when a training job's record stays, which costs
   * nothing. The call for that is newer than the others, so a policy may lack it, or a region may
   * not support it.
   */
  private boolean isAccepted(Resources resources, Found found, Listener listener) {
    try {
      resources.delete(found);
      return true;
    } catch (CoracleException e) {
      if (found.kind() == Kind.TRAINING_JOB
          && e.getCause() instanceof SdkException cause
          && Failures.isDenied(cause)) {
        recordStays = true;
        listener.line("The record of %s stays: %s".formatted(found, Failures.reason(cause)));
        return false;
      }
      throw e;
    }
  }

  /** Asks SageMaker to stop a job; returns false when it is over. */
  private boolean isStopping(Resources resources, Found job) {
    if (job.status().equals(IN_PROGRESS)) {
      try {
        resources.stop(job);
      } catch (CoracleException e) { // it may have ended, or the answer to a first attempt was lost
        Optional<Found> now = resources.find(job.kind(), name);
        if (now.filter(found -> found.status().equals(IN_PROGRESS)).isPresent()) {
          throw e;
        }
        return now.filter(found -> RUNNING.contains(found.status())).isPresent();
      }
    }
    return RUNNING.contains(job.status());
  }

  /** Waits until the resource is gone or, if statuses are given, has none of these. */
  private void awaitEnd(Resources resources, Found found, Set<String> during, Listener listener) {
    new Polling(poll, listener)
        .until(
            "wait for " + found,
            () -> {
              Optional<Found> now = resources.ask(found.kind(), name);
              now.ifPresent(it -> listener.status(it.kind() + " " + it.status()));
              return now;
            },
            now -> now.isEmpty() || (!during.isEmpty() && !during.contains(now.get().status())));
  }

  private void deleteObjects(Aws aws, Place place, Listener listener) {
    try {
      if (place.isOurs(aws.s3())) {
        int objects = place.deleteAll(aws.s3());
        deleted++;
        listener.line("Deleted %d objects below %s".formatted(objects, place));
      } else if (!place.keys(aws.s3()).isEmpty()) {
        foreign = true;
        listener.line("Left alone: %s, which has no marker of coracle".formatted(place));
      }
    } catch (RuntimeException e) {
      if (e.getCause() instanceof SdkException cause
          && Failures.code(cause).equals("NoSuchBucket")) {
        listener.line("There is no bucket any more for " + place);
        return;
      }
      throw e;
    }
  }
}
