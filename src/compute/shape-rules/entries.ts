import { checkSame, checkShape, formatShape, type Size, shapeMismatch } from "../shape-checks.js";

// Entry by entry.

/** Rule of `combine`, `multiply`, `minimum`, `maximum`: both of one shape. */
export function pairwise(operation: string, x: Size, y: Size): Size {
  return checkSame(operation, x, y);
}

export function weightedSum(
  terms: readonly { readonly x: Size; readonly by: Size | null }[],
  where: Size | null,
): Size {
  if (terms.length === 0) throw shapeMismatch("weightedSum", "at least one term", "none");
  const features = Math.max(...terms.map(({ x }) => x.features));
  const rows = Math.max(...terms.map(({ x }) => x.rows));
  for (const { x, by } of terms) {
    const fits = (own: number, all: number): boolean => own === all || own === 1;
    if (!fits(x.features, features) || !fits(x.rows, rows)) {
      throw shapeMismatch("weightedSum", `[${features}, ${rows}], or 1 in place of either`, formatShape(x));
    }
    if (by) checkShape("weightedSum", "by", by, x.features, x.rows);
  }
  if (where) checkShape("weightedSum", "where", where, features, rows);
  return { features, rows };
}

/** Rule of `scaleBy` and `apply`. */
export function entrywise(x: Size): Size {
  return { features: x.features, rows: x.rows };
}

export function applyGradient(x: Size, g: Size): Size {
  return checkSame("applyGradient", x, g);
}

export function minimumGradient(x: Size, y: Size, g: Size): Size {
  return checkSame("minimumGradient", x, y, g);
}
