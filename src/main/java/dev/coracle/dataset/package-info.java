// SPDX-License-Identifier: Apache-2.0
/**
 * Reads labelled grey images from idx files, and finds, checks and downloads MNIST. Read {@link
 * dev.coracle.dataset.Mnist} and {@link dev.coracle.dataset.ImageSet} first; {@link
 * dev.coracle.dataset.IdxReader} says what it checks in a file, which is everything.
 */
@NullMarked
package dev.coracle.dataset;

import org.jspecify.annotations.NullMarked;
