import { bitLength, type Dyadic, lowestPlaceOf, scaled } from "./dyadic.js";

/** Enclosures of more digits than this are rounded outward to so many. */
const MOST_DIGITS = 1600;
const KEPT_DIGITS = 800;

/**
 * Real numbers between rationals: entry i lies in [lower_i, upper_i] · 2^exponent. Where nothing had to be rounded, lower
 * and upper are one list, and the entries are known exactly.
 */
export interface Enclosure {
  readonly exponent: number;
  readonly lower: readonly bigint[];
  readonly upper: readonly bigint[];
}

/** Entries that are known exactly. */
export function exactly(exponent: number, mantissas: readonly bigint[]): Enclosure {
  return { exponent, lower: mantissas, upper: mantissas };
}

/** Whether every entry is known exactly. */
export function isExact({ lower, upper }: Enclosure): boolean {
  return lower === upper;
}

/** Finite numbers, exactly. */
export function enclose(values: ArrayLike<number>): Enclosure {
  const list = Array.from(values);
  const exponent = lowestPlaceOf(list);
  return exactly(
    exponent,
    list.map((value) => scaled(value, exponent)),
  );
}

/** Both ends at a lower exponent. */
export function withExponent(enclosure: Enclosure, exponent: number): Enclosure {
  if (exponent === enclosure.exponent) return enclosure;
  const shift = BigInt(enclosure.exponent - exponent);
  const lower = enclosure.lower.map((value) => value << shift);
  if (isExact(enclosure)) return exactly(exponent, lower);
  return { exponent, lower, upper: enclosure.upper.map((value) => value << shift) };
}

/** Several enclosures at one exponent. */
export function alignAll(enclosures: readonly Enclosure[]): readonly Enclosure[] {
  const exponent = Math.min(...enclosures.map((own) => own.exponent));
  return enclosures.map((own) => withExponent(own, exponent));
}

/** A function that never decreases, entry by entry: its lower ends from the lower ends, its upper from the upper. */
export function mapMonotone(
  enclosure: Enclosure,
  exponent: number,
  lowerEnd: (mantissa: bigint, i: number) => bigint,
  upperEnd: (mantissa: bigint, i: number) => bigint = lowerEnd,
): Enclosure {
  const lower = enclosure.lower.map(lowerEnd);
  if (isExact(enclosure) && lowerEnd === upperEnd) return exactly(exponent, lower);
  return { exponent, lower, upper: enclosure.upper.map(upperEnd) };
}

/** The same, with fewer digits where there are very many; what is exact stays. */
export function withFewerDigits(enclosure: Enclosure): Enclosure {
  if (isExact(enclosure)) return enclosure;
  let most = 0n;
  for (const ends of [enclosure.lower, enclosure.upper]) {
    for (const value of ends) {
      const size = value < 0n ? -value : value;
      if (size > most) most = size;
    }
  }
  const digits = bitLength(most);
  if (digits <= MOST_DIGITS) return enclosure;
  const dropped = digits - KEPT_DIGITS;
  const shift = BigInt(dropped);
  return {
    exponent: enclosure.exponent + dropped,
    lower: enclosure.lower.map((value) => value >> shift),
    upper: enclosure.upper.map((value) => -(-value >> shift)),
  };
}

/** The ends of entry i. */
export function endsOf({ exponent, lower, upper }: Enclosure, i: number): readonly [Dyadic, Dyadic] {
  return [
    { mantissa: lower[i], exponent },
    { mantissa: upper[i], exponent },
  ];
}
