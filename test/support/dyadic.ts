/** A number mantissa · 2^exponent: sums and products of doubles without rounding. */
export interface Dyadic {
  readonly mantissa: bigint;
  readonly exponent: number;
}

export const ZERO: Dyadic = { mantissa: 0n, exponent: 0 };

/** Exact. */
export function dyadic(value: number): Dyadic {
  if (!Number.isFinite(value)) throw new Error(`${value} is no number`);
  let [mantissa, exponent] = [value, 0];
  while (!Number.isInteger(mantissa)) [mantissa, exponent] = [mantissa * 2, exponent - 1];
  return { mantissa: BigInt(mantissa), exponent };
}

export function plus(a: Dyadic, b: Dyadic): Dyadic {
  const exponent = Math.min(a.exponent, b.exponent);
  const shifted = (own: Dyadic) => own.mantissa << BigInt(own.exponent - exponent);
  return { mantissa: shifted(a) + shifted(b), exponent };
}

export function times(a: Dyadic, b: Dyadic): Dyadic {
  return { mantissa: a.mantissa * b.mantissa, exponent: a.exponent + b.exponent };
}

export function minus(a: Dyadic): Dyadic {
  return { mantissa: -a.mantissa, exponent: a.exponent };
}

/** Below 0, 0 or above 0. */
export function compare(a: Dyadic, b: Dyadic): number {
  const { mantissa } = plus(a, minus(b));
  return mantissa < 0n ? -1 : mantissa > 0n ? 1 : 0;
}
