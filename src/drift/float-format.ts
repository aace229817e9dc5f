/** Arithmetic whose results are numbers of one format, to nearest, with gradual underflow. */
export interface FloatFormat {
  readonly name: "float32" | "float64";
  /** The nearest number of the format. */
  round(value: number): number;
  /** a · b + c rounded once; null where this machine cannot tell. */
  readonly fused: ((a: number, b: number, c: number) => number) | null;
}

/** IEEE single precision; sums, products, quotients and roots of its numbers in double precision round to the same again. */
export const FLOAT32: FloatFormat = { name: "float32", round: Math.fround, fused: fusedMultiplyAdd };

/** IEEE double precision, without fused multiply-adds. */
export const FLOAT64: FloatFormat = { name: "float64", round: (value) => value, fused: null };

/**
 * a · b + c in single precision, rounded once. The product is exact in double precision; where the sum, rounded to it, lies in
 * the middle between two numbers of single precision, what was rounded off decides.
 */
export function fusedMultiplyAdd(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  const near = Math.fround(sum);
  if (near === sum) return near;
  const other = 2 * sum - near;
  if (Math.fround(other) !== other) return near;
  // Knuth's two-sum: what rounding to double precision left out, exactly.
  const rest = sum - product;
  const lost = product - (sum - rest) + (c - rest);
  if (!(lost > 0 || lost < 0)) return near;
  return lost > 0 ? Math.max(near, other) : Math.min(near, other);
}
