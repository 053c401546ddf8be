// SPDX-License-Identifier: Apache-2.0
/**
 * Trains and serves in Amazon SageMaker, controlled from this machine, as elsewhere from a
 * notebook. Read {@link dev.coracle.aws.TrainingJob} first, then {@link dev.coracle.aws.Endpoint}
 * and {@link dev.coracle.aws.Deletion}.
 *
 * <p>Everything that is created shares one name: the training job, the model, the endpoint
 * configuration and the endpoint bear it, and {@code coracle/NAME/} is the place of its objects in
 * the bucket. Resources carry a tag and the place a marker object, so that nothing that existed
 * before, or that somebody else created under the same name, is ever deleted ({@code Ownership}).
 */
@NullMarked
package dev.coracle.aws;

import org.jspecify.annotations.NullMarked;
