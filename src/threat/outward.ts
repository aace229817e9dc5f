import type { Dtype } from "../compute/backend.js";

const double = new Float64Array(1);
/** Its halves; the low one comes first on the machines that run JavaScript. */
const halves = new Uint32Array(double.buffer);
const single = new Float32Array(1);
const whole = new Int32Array(single.buffer);

/** The smallest double above x; of ∞ and NaN themselves. */
export function nextUp(x: number): number {
  if (!(x < Number.POSITIVE_INFINITY)) return x;
  if (x === 0) return Number.MIN_VALUE;
  double[0] = x;
  if (x > 0) {
    halves[0] += 1;
    if (halves[0] === 0) halves[1] += 1;
  } else {
    if (halves[0] === 0) halves[1] -= 1;
    halves[0] -= 1;
  }
  return double[0];
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
  single[0] = near;
  // Towards +∞: away from zero above it, towards zero below it.
  if (near === 0) whole[0] = 1;
  else whole[0] += near > 0 ? 1 : -1;
  return single[0];
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
