/** A fraction with a positive denominator, not reduced. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export const ZERO: Rational = { numerator: 0n, denominator: 1n };
export const ONE: Rational = { numerator: 1n, denominator: 1n };

const PARTS = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/;

/** A decimal as `parseNumber` takes it, exactly. Its exponent must be one that a double can have, or its digits all 0. */
export function rationalOf(decimal: string): Rational {
  const [, sign, whole, fraction, power] = PARTS.exec(decimal)!;
  const digits = BigInt(whole! + fraction! || "0");
  if (digits === 0n) return ZERO;
  const exponent = Number(power ?? 0) - fraction!.length;
  const numerator = sign === "-" ? -digits : digits;
  return exponent < 0
    ? { numerator, denominator: 10n ** BigInt(-exponent) }
    : { numerator: numerator * 10n ** BigInt(exponent), denominator: 1n };
}

/** A finite double, exactly. */
export function rationalOfDouble(value: number): Rational {
  let [numerator, power] = [value, 0];
  for (; !Number.isInteger(numerator); power++) numerator *= 2;
  return { numerator: BigInt(numerator), denominator: 1n << BigInt(power) };
}

export function add(a: Rational, b: Rational): Rational {
  if (a.denominator === b.denominator)
    return { numerator: a.numerator + b.numerator, denominator: a.denominator };
  return {
    numerator: a.numerator * b.denominator + b.numerator * a.denominator,
    denominator: a.denominator * b.denominator,
  };
}

export function multiply(a: Rational, b: Rational): Rational {
  return { numerator: a.numerator * b.numerator, denominator: a.denominator * b.denominator };
}

export function negate({ numerator, denominator }: Rational): Rational {
  return { numerator: -numerator, denominator };
}

/** a / b for a b other than 0. */
export function divide(a: Rational, b: Rational): Rational {
  const sign = b.numerator < 0n ? -1n : 1n;
  return { numerator: sign * a.numerator * b.denominator, denominator: a.denominator * sign * b.numerator };
}

/** Below 0 where a < b, 0 where they are equal, else above 0. */
export function compare(a: Rational, b: Rational): number {
  const [left, right] = [a.numerator * b.denominator, b.numerator * a.denominator];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A double at most some units in the last place away; an infinity beyond their range. */
export function approximate({ numerator, denominator }: Rational): number {
  if (numerator < 0n) return -approximate({ numerator: -numerator, denominator });
  // 64 bits or more of the quotient, so that rounding it to a double is the only error that counts.
  const shift = Math.max(0, bitsOf(denominator) - bitsOf(numerator) + 64);
  let scaled = Number((numerator << BigInt(shift)) / denominator);
  let left = shift;
  for (; left > 1000; left -= 1000) scaled *= 2 ** -1000;
  return scaled * 2 ** -left;
}

function bitsOf(value: bigint): number {
  return 4 * value.toString(16).length;
}
