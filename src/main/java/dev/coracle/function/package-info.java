// SPDX-License-Identifier: Apache-2.0
/**
 * Answers one HTTP request with one model, whichever cloud delivers the request. Read {@link
 * dev.coracle.function.ClassifyFunction} first; the packages {@code azure}, {@code google} and
 * {@code lambda} adapt it to a cloud's types.
 */
@NullMarked
package dev.coracle.function;

import org.jspecify.annotations.NullMarked;
