// SPDX-License-Identifier: Apache-2.0
/**
 * Answers one HTTP request with one model, whatever cloud brings the request. Read {@link
 * dev.coracle.function.ClassifyFunction} first; the packages {@code azure}, {@code google} and
 * {@code lambda} put a cloud's types around it.
 */
@NullMarked
package dev.coracle.function;

import org.jspecify.annotations.NullMarked;
