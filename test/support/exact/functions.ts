import { bitLength, type Dyadic } from "./dyadic.js";

/** Fixed point: an integer m stands for m · 2^−PLACES. */
export const PLACES = 400;
const SHIFT = BigInt(PLACES);
const ONE = 1n << SHIFT;
/** Arguments are halved until they are below 2^−REDUCED. */
const REDUCED = 8;
/** Beyond it 1 − tanh is less than a unit of the last place, and so is e to minus its double. */
const FAR = 160n;

/** Numbers in fixed point that enclose a real one. */
export interface Ends {
  readonly lower: bigint;
  readonly upper: bigint;
}

function floorProduct(a: bigint, b: bigint): bigint {
  return (a * b) >> SHIFT;
}

function ceilProduct(a: bigint, b: bigint): bigint {
  return -((-a * b) >> SHIFT);
}

function ceilQuotient(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}

/** The integers of fixed point around a number. */
function fixedPoint({ mantissa, exponent }: Dyadic): Ends {
  const up = exponent + PLACES;
  if (up >= 0) {
    const value = mantissa << BigInt(up);
    return { lower: value, upper: value };
  }
  const down = BigInt(-up);
  return { lower: mantissa >> down, upper: -(-mantissa >> down) };
}

/** eᵗ for t ≥ 0 of fixed point, rounded down: a part of the Taylor series, which grows, and squares. */
function expBelow(t: bigint): bigint {
  const halvings = Math.max(0, bitLength(t) - (PLACES - REDUCED));
  const small = t >> BigInt(halvings);
  let [sum, term] = [ONE, ONE];
  for (let k = 1n; term > 0n; k++) {
    term = floorProduct(term, small) / k;
    sum += term;
  }
  for (let i = 0; i < halvings; i++) sum = floorProduct(sum, sum);
  return sum;
}

/** eᵗ for t ≥ 0 of fixed point, rounded up: terms until the remainder, at most twice the next one, is a unit. */
function expAbove(t: bigint): bigint {
  const halvings = Math.max(0, bitLength(t) - (PLACES - REDUCED));
  const small = -(-t >> BigInt(halvings));
  let [sum, term] = [ONE, ONE];
  for (let k = 1n; term > 1n; k++) {
    term = ceilQuotient(ceilProduct(term, small), k);
    sum += term;
  }
  // The terms that are left are below 2^−9, 2^−18, … of this last one, which is at most a unit.
  sum += 1n;
  for (let i = 0; i < halvings; i++) sum = ceilProduct(sum, sum);
  return sum;
}

/** 1 − 2/(e^(2t) + 1), t ≥ 0 of fixed point: rounded down if `t` was, with `exp` rounded the same way. */
function tanhBelow(t: bigint): bigint {
  if (t >= FAR << SHIFT) return ONE - 1n;
  return ONE - ceilQuotient(2n * ONE * ONE, expBelow(2n * t) + ONE);
}

function tanhAbove(t: bigint): bigint {
  if (t === 0n) return 0n;
  if (t >= FAR << SHIFT) return ONE;
  return ONE - (2n * ONE * ONE) / (expAbove(2n * t) + ONE);
}

/** 1 − 1/(1 + eᵗ), t ≥ 0: the logistic sigmoid. */
function sigmoidBelow(t: bigint): bigint {
  if (t >= (2n * FAR) << SHIFT) return ONE - 1n;
  return ONE - ceilQuotient(ONE * ONE, expBelow(t) + ONE);
}

function sigmoidAbove(t: bigint): bigint {
  if (t >= (2n * FAR) << SHIFT) return ONE;
  return ONE - (ONE * ONE) / (expAbove(t) + ONE);
}

/** Ends of tanh z in fixed point. It is odd and never decreases. */
export function tanhEnds(z: Dyadic): Ends {
  const { lower, upper } = fixedPoint(z);
  return {
    lower: lower >= 0n ? tanhBelow(lower) : -tanhAbove(-lower),
    upper: upper >= 0n ? tanhAbove(upper) : -tanhBelow(-upper),
  };
}

/** Ends of 1/(1 + e⁻ᶻ) in fixed point. It is 1 less its value at −z, and never decreases. */
export function sigmoidEnds(z: Dyadic): Ends {
  const { lower, upper } = fixedPoint(z);
  return {
    lower: lower >= 0n ? sigmoidBelow(lower) : ONE - sigmoidAbove(-lower),
    upper: upper >= 0n ? sigmoidAbove(upper) : ONE - sigmoidBelow(-upper),
  };
}

/** ⌊√n⌋ by Newton's method from above. */
export function floorRoot(n: bigint): bigint {
  if (n < 2n) return n;
  let root = 1n << BigInt((bitLength(n) + 1) >> 1);
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** 1/√d for d > 0: `lower` and `upper` = lower + 1 times 2^exponent, of at least PLACES digits. */
export function reciprocalRoot(d: Dyadic): Ends & { readonly exponent: number } {
  if (d.mantissa <= 0n) throw new Error("expected a number above 0");
  const places = PLACES + Math.ceil((bitLength(d.mantissa) + d.exponent) / 2) + 1;
  const lower = floorRoot((1n << BigInt(2 * places - d.exponent)) / d.mantissa);
  return { lower, upper: lower + 1n, exponent: -places };
}
