import { approximate, compare, negate, type Rational, rationalOf, rationalOfDouble } from "./rational.js";
import { nextDown, nextUp } from "./rounding.js";

/**
 * The number that a double's shortest decimal stands for, exactly: 0.1 is a tenth here, though no double is. It is how
 * files, JSON and terminals show a double, and at most half a unit in the last place away from it.
 */
export function decimalOf(value: number): Rational {
  return rationalOf(String(value));
}

/** −1 where a double is below its shortest decimal, 1 where it is above, 0 where it is that decimal. */
export function sideOfDecimal(value: number): number {
  // A decimal of at most fifteen digits, which a double's shortest one then is.
  if (Math.abs(value) < 1e5 && Number.isInteger(value * 1024)) return 0;
  return compare(rationalOfDouble(value), decimalOf(value));
}

/** The greatest double whose shortest decimal is at most `limit`; an infinity where that is beyond all doubles. */
export function greatestDecimalAtMost(limit: Rational): number {
  let value = approximate(limit);
  const isAbove = (candidate: number) => compare(decimalOf(candidate), limit) > 0;
  while (Number.isFinite(value) && isAbove(value)) value = nextDown(value);
  for (let next = nextUp(value); Number.isFinite(next) && !isAbove(next); next = nextUp(next)) value = next;
  return value + 0;
}

/** The least double whose shortest decimal is at least `limit`; an infinity where that is beyond all doubles. */
export function leastDecimalAtLeast(limit: Rational): number {
  return 0 - greatestDecimalAtMost(negate(limit));
}
