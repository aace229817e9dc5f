/** The number mantissa · 2^exponent. */
export interface Dyadic {
  readonly mantissa: bigint;
  readonly exponent: number;
}

/** No finite number has a bit below this place. */
const LOWEST = -1074;

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/** The place of a number's lowest bit that is set, +∞ for 0: value · 2^−place is an odd integer. Throws for NaN and ±∞. */
export function lowestPlace(value: number): number {
  if (value === 0) return Number.POSITIVE_INFINITY;
  if (!Number.isFinite(value)) throw new Error(`expected a finite number, found ${value}`);
  float[0] = value;
  const [low, high] = words;
  const exponent = (high >>> 20) & 0x7ff;
  // Subnormal numbers have no hidden bit, and the exponent of the smallest normal ones.
  const top = exponent === 0 ? high & 0xfffff : (high & 0xfffff) | 0x100000;
  const base = exponent === 0 ? LOWEST : exponent - 1075;
  return low !== 0 ? base + trailingZeros(low) : base + 32 + trailingZeros(top);
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** The lowest place of any of several numbers, 0 where all are 0. */
export function lowestPlaceOf(values: Iterable<number>): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (const value of values) {
    const place = lowestPlace(value);
    if (place < lowest) lowest = place;
  }
  return Number.isFinite(lowest) ? lowest : 0;
}

/** value · 2^−place, where that is an integer. */
export function scaled(value: number, place: number): bigint {
  // Powers of two are exact within these limits, and so is the product unless it overflows.
  if (place <= 1000 && place >= -1000) {
    const integer = value * 2 ** -place;
    if (Number.isFinite(integer)) return BigInt(integer);
  }
  if (value === 0) return 0n;
  const own = lowestPlace(value);
  // In two steps, neither of which leaves the range.
  const half = Math.trunc(own / 2);
  const odd = BigInt(value * 2 ** -half * 2 ** (half - own));
  return odd << BigInt(own - place);
}

/** A finite number, exactly. */
export function dyadic(value: number): Dyadic {
  const exponent = lowestPlaceOf([value]);
  return { mantissa: scaled(value, exponent), exponent };
}

/** a + b, exactly. */
export function add(a: Dyadic, b: Dyadic): Dyadic {
  const exponent = Math.min(a.exponent, b.exponent);
  return { mantissa: aligned(a, exponent) + aligned(b, exponent), exponent };
}

/** a · b, exactly. */
export function multiply(a: Dyadic, b: Dyadic): Dyadic {
  return { mantissa: a.mantissa * b.mantissa, exponent: a.exponent + b.exponent };
}

export function negate(a: Dyadic): Dyadic {
  return { mantissa: -a.mantissa, exponent: a.exponent };
}

/** The sign of a − b. */
export function compare(a: Dyadic, b: Dyadic): -1 | 0 | 1 {
  const exponent = Math.min(a.exponent, b.exponent);
  const [left, right] = [aligned(a, exponent), aligned(b, exponent)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The mantissa of the same number with a lower exponent. */
export function aligned({ mantissa, exponent }: Dyadic, lower: number): bigint {
  return mantissa << BigInt(exponent - lower);
}

/** How many binary digits a mantissa has. */
export function bitLength(mantissa: bigint): number {
  const digits = (mantissa < 0n ? -mantissa : mantissa).toString(16);
  return digits === "0" ? 0 : 4 * (digits.length - 1) + (32 - Math.clz32(Number.parseInt(digits[0], 16)));
}

/** The nearest number, ties to even; ±∞ beyond the range. */
export function toNumber({ mantissa, exponent }: Dyadic): number {
  if (mantissa === 0n) return 0;
  const size = mantissa < 0n ? -mantissa : mantissa;
  const length = bitLength(size);
  if (length + exponent > 1100) return mantissa < 0n ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  // Digits that the result holds; fewer where it is subnormal.
  const kept = Math.min(53, length + exponent - LOWEST);
  if (kept < 0) return mantissa < 0n ? -0 : 0;
  const rounded = nearest(size, BigInt(Math.max(0, length - kept)));
  const place = exponent + Math.max(0, length - kept);
  const half = Math.trunc(place / 2);
  const value = Number(rounded) * 2 ** half * 2 ** (place - half);
  return mantissa < 0n ? -value : value;
}

/** size / 2^dropped to the nearest integer, ties to even. */
function nearest(size: bigint, dropped: bigint): bigint {
  if (dropped === 0n) return size;
  const floor = size >> dropped;
  const rest = size - (floor << dropped);
  const middle = 1n << (dropped - 1n);
  if (rest < middle || (rest === middle && (floor & 1n) === 0n)) return floor;
  return floor + 1n;
}
