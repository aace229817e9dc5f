import { ShapeError, UsageError } from "../errors.js";
import type { Network } from "../network/network.js";
import { formatShape, sizeOf } from "../network/shape.js";
import type { Ball } from "../threat/ball.js";
import type { DualOptions } from "./dual-options.js";

/**
 * Throws a `ShapeError` for a ball of another size than the network's input, a `UsageError` for options that do not go
 * together.
 */
export function checkOptions(network: Network, ball: Ball, options: DualOptions): void {
  const { method = "parallel", direction = "backward", estimator } = options;
  const features = sizeOf(network.inputShape);
  if (ball.centre.features !== features) {
    throw new ShapeError(
      `ball: expected ${formatShape(network.inputShape)} = ${features} features, got ${ball.centre.features}`,
    );
  }
  if (direction === "forward" && method !== "parallel") {
    throw new UsageError(
      `direction forward needs parallel lines; the ${method} bound has a backward one only`,
    );
  }
  if (estimator && (direction === "forward" || method !== "parallel")) {
    throw new UsageError(
      "projections: expected the parallel bound, backward; no other has radii that are estimated",
    );
  }
}
