const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);
const single = new Float32Array(1);
const bits = new Int32Array(single.buffer);

/** (a + b) less the number that it is rounded to in double precision, exactly (Knuth's two-sum); 0 where that overflows. */
export function errorOfSum(a: number, b: number): number {
  const sum = a + b;
  const other = sum - a;
  const error = a - (sum - other) + (b - other);
  return Number.isNaN(error) ? 0 : error;
}

/** 2^27 + 1: splits a number into two of 26 bits each (Veltkamp). */
const SPLITTER = 134217729;

/** a · b as a number and the error of it, exactly where nothing over- or underflows (Dekker's two-product). */
export function product(a: number, b: number): readonly [number, number] {
  const high = a * b;
  const [ah, bh] = [upper(a), upper(b)];
  const [al, bl] = [a - ah, b - bh];
  return [high, al * bl - (high - ah * bh - al * bh - ah * bl)];
}

function upper(value: number): number {
  const spread = SPLITTER * value;
  return spread - (spread - value);
}

/**
 * value + error, of which `value` is the nearest number, rounded to the one beside it whose last bit is set: rounding once
 * more to a shorter format then is as good as rounding once (Boldo and Melquiond).
 */
export function roundOdd(value: number, error: number): number {
  if (error === 0) return value;
  double[0] = value;
  if ((halves[0] & 1) === 1) return value;
  if (error > 0 === value > 0) halves[0] |= 1;
  else if (halves[0] !== 0) halves[0] -= 1;
  else {
    halves[0] = 0xffffffff;
    halves[1] -= 1;
  }
  return double[0];
}

/** value + error to the nearest number of single precision. */
export function nearest32(value: number, error: number): number {
  return Math.fround(roundOdd(value, error));
}

/** value + error rounded in one direction. Of `error` the sign decides. */
export function directed32(value: number, error: number, direction: "up" | "down" | "inward"): number {
  const rounded = Math.fround(value);
  const above = rounded > value || (rounded === value && error < 0);
  const below = rounded < value || (rounded === value && error > 0);
  const way = direction === "inward" ? (value > 0 ? "down" : "up") : direction;
  if (way === "down" && above) return neighbour32(rounded, -1);
  if (way === "up" && below) return neighbour32(rounded, 1);
  return rounded;
}

/** The next number of single precision above (1) or below (−1). */
export function neighbour32(value: number, side: 1 | -1): number {
  if (value === 0) return side * 2 ** -149;
  single[0] = value;
  bits[0] += value > 0 ? side : -side;
  return single[0];
}

/** The next number of double precision above (1) or below (−1). */
export function neighbour64(value: number, side: 1 | -1): number {
  if (value === 0) return side * Number.MIN_VALUE;
  double[0] = value;
  const outward = value > 0 === side > 0;
  if (outward) {
    halves[0] += 1;
    if (halves[0] === 0) halves[1] += 1;
  } else {
    if (halves[0] === 0) halves[1] -= 1;
    halves[0] -= 1;
  }
  return double[0];
}
