import { add, dyadic, multiply, toNumber } from "../exact/dyadic.js";
import { errorOfSum, product, roundOdd } from "./rounding.js";

/** Within these sizes nothing of a product's error is lost. */
const LEAST = 2 ** -400;
const MOST = 2 ** 400;

/** a · b + c rounded once to double precision. */
export function fusedMultiplyAdd64(a: number, b: number, c: number): number {
  if (a === 0 || b === 0) return c + 0;
  if (!(within(a) && within(b) && (c === 0 || within(c)))) {
    if (!Number.isFinite(a * b + c)) return a * b + c;
    return toNumber(add(multiply(dyadic(a), dyadic(b)), dyadic(c)));
  }
  const [high, low] = product(a, b);
  const inner = c + low;
  const innerError = errorOfSum(c, low);
  const outer = high + inner;
  const outerError = errorOfSum(high, inner);
  const rest = innerError + outerError;
  return outer + roundOdd(rest, errorOfSum(innerError, outerError));
}

function within(value: number): boolean {
  const size = Math.abs(value);
  return size > LEAST && size < MOST;
}
