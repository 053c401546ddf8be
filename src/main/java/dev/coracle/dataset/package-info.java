// SPDX-License-Identifier: Apache-2.0
/**
 * Reads labelled grey images from idx files, and finds, checks and downloads MNIST. Read {@link
 * dev.coracle.dataset.Mnist} and {@link dev.coracle.dataset.ImageSet} first; {@link
 * dev.coracle.dataset.IdxReader} holds what is trusted in a file, which is nothing.
 */
@NullMarked
package dev.coracle.dataset;

import org.jspecify.annotations.NullMarked;
