// SPDX-License-Identifier: Apache-2.0
/** Defines the network as a DJL block. Read {@link dev.coracle.net.Net}. */
@NullMarked
package dev.coracle.net;

import org.jspecify.annotations.NullMarked;
