// SPDX-License-Identifier: Apache-2.0
/**
 * Trains and serves in Amazon SageMaker from this machine: what a notebook does elsewhere. Read
 * {@link dev.coracle.aws.TrainingJob} first, then {@link dev.coracle.aws.Endpoint} and {@link
 * dev.coracle.aws.Deletion}.
 *
 * <p>One name stands for all that is created: the training job, the model, the endpoint
 * configuration and the endpoint bear it, and {@code coracle/NAME/} is the place of its objects in
 * the bucket. Resources carry a tag and the place a marker object, so that nothing that was there
 * before, or that somebody else made under the same name, is ever deleted ({@code Ownership}).
 */
@NullMarked
package dev.coracle.aws;

import org.jspecify.annotations.NullMarked;
