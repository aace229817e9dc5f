/**
 * A bound of outputs that moves across a comparison is rounded outward: the counterexamples that it allows may become
 * more, never fewer. Bounds that doubles hold exactly stay as they are.
 */

/** The least double above a finite `value`. */
export function nextUp(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setFloat64(0, value);
  bytes.setBigInt64(0, bytes.getBigInt64(0) + (value > 0 ? 1n : -1n));
  return bytes.getFloat64(0);
}

/** The greatest double below a finite `value`. */
export function nextDown(value: number): number {
  return -nextUp(-value);
}

/** a − b, rounded up if it is not exact. */
export function subtractUp(a: number, b: number): number {
  const difference = a - b;
  // Knuth's two-sum: the rounding error itself, exactly.
  const taken = difference - a;
  const error = a - (difference - taken) + (-b - taken);
  return error > 0 ? nextUp(difference) : difference;
}
