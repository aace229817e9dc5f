import { type Conv2dGeometry, inFeatures, outFeatures } from "../geometry.js";
import type { Owners } from "../owners.js";
import {
  checkByOwner,
  checkGeometry,
  checkOwners,
  checkSame,
  checkShape,
  checkSize,
  type Size,
  shapeMismatch,
} from "../shape-checks.js";

// Activations and their enclosing lines.

/** Rule of `parallelLines` and `adaptiveLines`: ℓ and u of one shape, which each result has too. */
export function lines(operation: string, lower: Size, upper: Size): Size {
  return checkSame(operation, lower, upper);
}

/** Rule of `parallelLinesGradient` and `adaptiveLinesGradient`. */
export function linesGradient(operation: string, lower: Size, upper: Size, gradients: readonly Size[]): Size {
  return checkSame(operation, lower, upper, ...gradients);
}

/** Rule of `activateBox`: centre and radius of one shape, which both results have too. */
export function activateBox(centre: Size, radius: Size): Size {
  return checkSame("activateBox", centre, radius);
}

export function activateBoxGradient(centre: Size, radius: Size, gradients: readonly Size[]): Size {
  return checkSame("activateBoxGradient", centre, radius, ...gradients);
}

/** How many numbers `boxMoments` gives. */
export const BOX_MOMENTS = 8;

export function boxMoments(centre: Size, radius: Size): Size {
  checkSame("boxMoments", centre, radius);
  return { features: BOX_MOMENTS, rows: 1 };
}

export function boxMomentsGradient(centre: Size, radius: Size, g: Size): Size {
  checkShape("boxMomentsGradient", "g", g, BOX_MOMENTS, 1);
  return checkSame("boxMomentsGradient", centre, radius);
}

export function maxPoolChoice(lower: Size, upper: Size, geometry: Conv2dGeometry): Size {
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

export function select(x: Size, index: Size, owners: Owners): Size {
  checkOwners("select", owners, x.rows, index.rows);
  return { features: index.features, rows: x.rows };
}

export function selectTranspose(y: Size, index: Size, owners: Owners, features: number): Size {
  checkSize("selectTranspose", "features", features);
  checkByOwner("selectTranspose", "index", y, index, owners);
  return { features, rows: y.rows };
}
