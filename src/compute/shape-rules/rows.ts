import type { Owners } from "../owners.js";
import { checkByOwner, checkOwners, checkSame, checkShape, checkSize, type Shape } from "../shape-checks.js";
import { entrywise } from "./entries.js";

// Rows and their owners.

export function scaleShift(x: Shape, scale: Shape | null, shift: Shape | null, owners: Owners): Shape {
  if (scale !== null) checkByOwner("scaleShift", "scale", x, scale, owners);
  if (shift !== null) checkByOwner("scaleShift", "shift", x, shift, owners);
  return { features: x.features, rows: x.rows };
}

export function scaleBySign(x: Shape, positive: Shape, negative: Shape, owners: Owners): Shape {
  checkByOwner("scaleBySign", "positive", x, positive, owners);
  checkSame("scaleBySign", positive, negative);
  return { features: x.features, rows: x.rows };
}

export function scaleBySignGradient(
  x: Shape,
  positive: Shape,
  negative: Shape,
  g: Shape,
  owners: Owners,
): { readonly x: Shape; readonly slopes: Shape } {
  checkByOwner("scaleBySignGradient", "positive", x, positive, owners);
  checkSame("scaleBySignGradient", positive, negative);
  checkSame("scaleBySignGradient", x, g);
  return { x: entrywise(x), slopes: entrywise(positive) };
}

export function spread(x: Shape, owners: Owners, rows: number): Shape {
  checkSize("spread", "rows", rows);
  checkOwners("spread", owners, rows, x.rows);
  return { features: x.features, rows };
}

export function sumRows(x: Shape, owners: Owners, columns: number, operation = "sumRows"): Shape {
  checkSize(operation, "columns", columns);
  checkOwners(operation, owners, x.rows, columns);
  return { features: x.features, rows: columns };
}

export function multiplySumRows(x: Shape, y: Shape, owners: Owners, columns: number): Shape {
  checkSame("multiplySumRows", x, y);
  return sumRows(x, owners, columns, "multiplySumRows");
}

export function dot(x: Shape, weight: Shape, owners: Owners): Shape {
  checkByOwner("dot", "weight", x, weight, owners);
  return { features: 1, rows: x.rows };
}

export function outer(weight: Shape, s: Shape, owners: Owners): Shape {
  checkShape("outer", "s", s, 1, null);
  checkOwners("outer", owners, s.rows, weight.rows);
  return { features: weight.features, rows: s.rows };
}

export function outerSumRows(x: Shape, s: Shape, owners: Owners, columns: number): Shape {
  checkShape("outerSumRows", "s", s, 1, x.rows);
  return sumRows(x, owners, columns, "outerSumRows");
}
