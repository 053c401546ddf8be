// SPDX-License-Identifier: Apache-2.0
/** The command line: the only package that depends on all the others. */
@NullMarked
package dev.coracle.cli;

import org.jspecify.annotations.NullMarked;
