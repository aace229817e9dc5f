import type { Dtype } from "../compute/backend.js";

const bits = new DataView(new ArrayBuffer(8));

/** The smallest double above x; of ∞ and NaN themselves. */
export function nextUp(x: number): number {
  if (!(x < Number.POSITIVE_INFINITY)) return x;
  if (x === 0) return Number.MIN_VALUE;
  bits.setFloat64(0, x);
  const next = bits.getBigInt64(0) + (x > 0 ? 1n : -1n);
  bits.setBigInt64(0, next);
  return bits.getFloat64(0);
}

/** The largest double below x. */
export function nextDown(x: number): number {
  return -nextUp(-x);
}

/** The smallest number of an arithmetic that is not below x. */
export function roundUp(x: number, dtype: Dtype): number {
  if (dtype === "float64") return x;
  const near = Math.fround(x);
  if (near >= x || Number.isNaN(x)) return near;
  const float = new Float32Array([near]);
  const whole = new Int32Array(float.buffer);
  // Towards +∞: away from zero above it, towards zero below it.
  if (near === 0) whole[0] = 1;
  else whole[0] += near > 0 ? 1 : -1;
  return float[0];
}

/** x as a number of an arithmetic, the nearest one. */
export function rounded(x: number, dtype: Dtype): number {
  return dtype === "float64" ? x : Math.fround(x);
}

/** a + b, not below it: the sum itself where that is a number of the arithmetic, or rounds up. */
export function sumUp(a: number, b: number): number {
  const sum = a + b;
  // Knuth's two-sum: what rounding left out, exactly.
  const rest = sum - a;
  const lost = a - (sum - rest) + (b - rest);
  return lost > 0 ? nextUp(sum) : sum;
}

/** a − b, not below it. */
export function differenceUp(a: number, b: number): number {
  return sumUp(a, -b);
}

/** a − b, not above it. */
export function differenceDown(a: number, b: number): number {
  return -sumUp(b, -a);
}
