import { checkSame, type Shape } from "../shape-checks.js";

// Entry by entry.

/** Rule of `combine`, `multiply`, `minimum`, `maximum`: both of one shape. */
export function pairwise(operation: string, x: Shape, y: Shape): Shape {
  return checkSame(operation, x, y);
}

/** Rule of `scaleBy` and `apply`. */
export function entrywise(x: Shape): Shape {
  return { features: x.features, rows: x.rows };
}

export function applyGradient(x: Shape, g: Shape): Shape {
  return checkSame("applyGradient", x, g);
}

export function minimumGradient(x: Shape, y: Shape, g: Shape): Shape {
  return checkSame("minimumGradient", x, y, g);
}
