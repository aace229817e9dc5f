import { fusedMultiplyAdd64 } from "./fused.js";
import { directed32, errorOfSum, nearest32, product } from "./rounding.js";

/** Scalar arithmetic of a format: every result is one of its numbers. */
export interface Arithmetic {
  readonly name: string;
  readonly format: "float32" | "float64";
  /** The sum of two numbers of double precision, rounded once: how inputs and constants enter. */
  enter(high: number, low: number): number;
  add(a: number, b: number): number;
  multiply(a: number, b: number): number;
  /** a · b + c, rounded once. */
  fused(a: number, b: number, c: number): number;
  divide(a: number, b: number): number;
  root(a: number): number;
}

/** Double precision, to nearest. */
export const FLOAT64: Arithmetic = {
  name: "float64",
  format: "float64",
  enter: (high, low) => high + low,
  add: (a, b) => a + b,
  multiply: (a, b) => a * b,
  fused: fusedMultiplyAdd64,
  divide: (a, b) => a / b,
  root: Math.sqrt,
};

/**
 * Single precision, to nearest, with gradual underflow. Sums, products, quotients and roots of its numbers that are rounded to
 * double precision first are rounded to the same number.
 */
export const FLOAT32: Arithmetic = {
  name: "float32",
  format: "float32",
  enter: (high, low) => nearest32(high + low, errorOfSum(high, low)),
  add: (a, b) => Math.fround(a + b),
  multiply: (a, b) => Math.fround(a * b),
  fused: (a, b, c) => nearest32(a * b + c, errorOfSum(a * b, c)),
  divide: (a, b) => Math.fround(a / b),
  root: (a) => Math.fround(Math.sqrt(a)),
};

const SMALLEST_NORMAL = 2 ** -126;

/** What lies below the smallest normal number is 0. */
function flushed(value: number): number {
  return Math.abs(value) < SMALLEST_NORMAL ? 0 : value;
}

/** Single precision that has no subnormal numbers: results are flushed to 0, and so is what enters. */
export const FLUSHED: Arithmetic = {
  name: "flushed",
  format: "float32",
  enter: (high, low) => flushed(FLOAT32.enter(high, low)),
  add: (a, b) => flushed(Math.fround(a + b)),
  multiply: (a, b) => flushed(Math.fround(a * b)),
  fused: (a, b, c) => flushed(FLOAT32.fused(a, b, c)),
  divide: (a, b) => flushed(Math.fround(a / b)),
  root: (a) => flushed(Math.fround(Math.sqrt(a))),
};

/** Single precision rounded in one direction: `up`, `down`, or `inward`, towards 0; flushed as well. */
export function directed(direction: "up" | "down" | "inward"): Arithmetic {
  const rounded = (value: number, error: number) => flushed(directed32(value, error, direction));
  return {
    name: direction,
    format: "float32",
    // Constants and inputs are given to a machine by somebody else: to nearest.
    enter: FLUSHED.enter,
    add: (a, b) => rounded(a + b, errorOfSum(a, b)),
    multiply: (a, b) => rounded(a * b, 0),
    fused: (a, b, c) => rounded(a * b + c, errorOfSum(a * b, c)),
    divide(a, b) {
      const quotient = a / b;
      const [high, low] = product(quotient, b);
      return rounded(quotient, Math.sign(b) * Math.sign(a - high - low));
    },
    root(a) {
      const root = Math.sqrt(a);
      const [high, low] = product(root, root);
      return rounded(root, Math.sign(a - high - low));
    },
  };
}
