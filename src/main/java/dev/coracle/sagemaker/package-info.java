// SPDX-License-Identifier: Apache-2.0
/**
 * Holds what Amazon SageMaker and a container agree on: folders, JSON files, variables, the archive
 * of a model; and does SageMaker's part on one machine. Read {@link
 * dev.coracle.sagemaker.TrainingEnvironment} first, then {@link
 * dev.coracle.sagemaker.LocalTraining}. Knows neither how to train nor how to serve.
 */
@NullMarked
package dev.coracle.sagemaker;

import org.jspecify.annotations.NullMarked;
