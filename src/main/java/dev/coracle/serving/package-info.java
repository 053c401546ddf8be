// SPDX-License-Identifier: Apache-2.0
/**
 * Serves models over HTTP: SageMaker's container routes, the Open Inference Protocol, a route for
 * plain JSON, and a page for people. Read {@link dev.coracle.serving.InferenceServer} first, then
 * {@code Routes}, the table of all routes.
 *
 * <p>The path of a request: {@code Dispatcher} finds the route and makes an {@code Exchange};
 * {@code BodyReader} reads the body; {@link dev.coracle.protocol.Query} decodes it; {@code Batcher}
 * runs it together with others; the exchange writes the answer. {@code Watchdog} ends what takes
 * too long; {@code Models} holds the loaded models.
 */
@NullMarked
package dev.coracle.serving;

import org.jspecify.annotations.NullMarked;
