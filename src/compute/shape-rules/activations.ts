import { type Conv2dGeometry, inFeatures, outFeatures } from "../geometry.js";
import type { Owners } from "../owners.js";
import {
  checkByOwner,
  checkGeometry,
  checkOwners,
  checkSame,
  checkShape,
  checkSize,
  type Shape,
  shapeMismatch,
} from "../shape-checks.js";

// Activations and their enclosing lines.

/** Rule of `parallelLines` and `adaptiveLines`: ℓ and u of one shape, which each result has too. */
export function lines(operation: string, lower: Shape, upper: Shape): Shape {
  return checkSame(operation, lower, upper);
}

/** Rule of `parallelLinesGradient` and `adaptiveLinesGradient`. */
export function linesGradient(
  operation: string,
  lower: Shape,
  upper: Shape,
  gradients: readonly Shape[],
): Shape {
  return checkSame(operation, lower, upper, ...gradients);
}

export function maxPoolChoice(lower: Shape, upper: Shape, geometry: Conv2dGeometry): Shape {
  checkGeometry("maxPoolChoice", geometry);
  const { groups, inChannels, outChannels } = geometry;
  if (groups !== inChannels || inChannels !== outChannels) {
    throw shapeMismatch(
      "maxPoolChoice",
      "groups = inChannels = outChannels",
      `${groups}, ${inChannels}, ${outChannels}`,
    );
  }
  checkShape("maxPoolChoice", "lower", lower, inFeatures(geometry), null);
  checkSame("maxPoolChoice", lower, upper);
  return { features: outFeatures(geometry), rows: lower.rows };
}

export function select(x: Shape, index: Shape, owners: Owners): Shape {
  checkOwners("select", owners, x.rows, index.rows);
  return { features: index.features, rows: x.rows };
}

export function selectTranspose(y: Shape, index: Shape, owners: Owners, features: number): Shape {
  checkSize("selectTranspose", "features", features);
  checkByOwner("selectTranspose", "index", y, index, owners);
  return { features, rows: y.rows };
}
