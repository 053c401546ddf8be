// SPDX-License-Identifier: Apache-2.0
/**
 * Implements the contract between Amazon SageMaker and a container: folders, JSON files, variables,
 * the archive of a model; and plays SageMaker's part on one machine. Read {@link
 * dev.coracle.sagemaker.TrainingEnvironment} first, then {@link
 * dev.coracle.sagemaker.LocalTraining}. Contains no training or serving itself.
 */
@NullMarked
package dev.coracle.sagemaker;

import org.jspecify.annotations.NullMarked;
