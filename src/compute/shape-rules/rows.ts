import type { Owners } from "../owners.js";
import { checkByOwner, checkOwners, checkSame, checkShape, checkSize, type Size } from "../shape-checks.js";
import { entrywise } from "./entries.js";

// Rows and their owners.

export function scaleShift(x: Size, scale: Size | null, shift: Size | null, owners: Owners): Size {
  if (scale !== null) checkByOwner("scaleShift", "scale", x, scale, owners);
  if (shift !== null) checkByOwner("scaleShift", "shift", x, shift, owners);
  // Owners may leave columns at the end out, in one of the two and not in the other.
  if (scale !== null && shift !== null) checkSame("scaleShift", scale, shift);
  return { features: x.features, rows: x.rows };
}

export function scaleBySign(x: Size, positive: Size, negative: Size, owners: Owners): Size {
  checkByOwner("scaleBySign", "positive", x, positive, owners);
  checkSame("scaleBySign", positive, negative);
  return { features: x.features, rows: x.rows };
}

export function scaleBySignGradient(
  x: Size,
  positive: Size,
  negative: Size,
  g: Size,
  owners: Owners,
): { readonly x: Size; readonly slopes: Size } {
  checkByOwner("scaleBySignGradient", "positive", x, positive, owners);
  checkSame("scaleBySignGradient", positive, negative);
  checkSame("scaleBySignGradient", x, g);
  return { x: entrywise(x), slopes: entrywise(positive) };
}

export function spread(x: Size, owners: Owners, rows: number): Size {
  checkSize("spread", "rows", rows);
  checkOwners("spread", owners, rows, x.rows);
  return { features: x.features, rows };
}

export function sumRows(x: Size, owners: Owners, columns: number, operation = "sumRows"): Size {
  checkSize(operation, "columns", columns);
  checkOwners(operation, owners, x.rows, columns);
  return { features: x.features, rows: columns };
}

export function multiplySumRows(x: Size, y: Size, owners: Owners, columns: number): Size {
  checkSame("multiplySumRows", x, y);
  return sumRows(x, owners, columns, "multiplySumRows");
}

export function dot(x: Size, weight: Size, owners: Owners): Size {
  checkByOwner("dot", "weight", x, weight, owners);
  return { features: 1, rows: x.rows };
}

export function outer(weight: Size, s: Size, owners: Owners): Size {
  checkShape("outer", "s", s, 1, null);
  checkOwners("outer", owners, s.rows, weight.rows);
  return { features: weight.features, rows: s.rows };
}

export function outerSumRows(x: Size, s: Size, owners: Owners, columns: number): Size {
  checkShape("outerSumRows", "s", s, 1, x.rows);
  return sumRows(x, owners, columns, "outerSumRows");
}
