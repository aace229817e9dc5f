import type { AffineMap, AffineRow } from "../plain-network.js";
import { lowestPlaceOf, scaled } from "./dyadic.js";
import { type Enclosure, exactly, isExact, withExponent } from "./enclosure.js";

/** Binary places that a quotient has beyond its dividend's. */
const QUOTIENT_PLACES = 400;

/** The sums of an affine layer: exact where its inputs are and its divisor is a power of two. */
export function affineEnclosure(map: AffineMap, input: Enclosure): Enclosure {
  const place = lowestPlace(map.rows);
  const biasPlace = map.bias ? lowestPlaceOf(map.bias) : Number.POSITIVE_INFINITY;
  // A bias may need finer places than the products have.
  const x = withExponent(input, Math.min(input.exponent, biasPlace - place));
  const exponent = x.exponent + place;
  const bias = (i: number) => (map.bias ? scaled(map.bias[i], exponent) : 0n);
  if (isExact(x)) {
    const sums = map.rows.map((row, i) => exactSum(row, place, x.lower, bias(i)));
    return divided(exactly(exponent, sums), map.divisor);
  }
  const lower: bigint[] = [];
  const upper: bigint[] = [];
  for (const [i, { sources, weights }] of map.rows.entries()) {
    let [below, above] = [bias(i), bias(i)];
    for (let k = 0; k < sources.length; k++) {
      if (weights[k] === 0) continue;
      const weight = scaled(weights[k], place);
      const [low, high] = weight > 0n ? [x.lower, x.upper] : [x.upper, x.lower];
      below += weight * low[sources[k]];
      above += weight * high[sources[k]];
    }
    lower.push(below);
    upper.push(above);
  }
  return divided({ exponent, lower, upper }, map.divisor);
}

function exactSum(
  { sources, weights }: AffineRow,
  place: number,
  x: readonly bigint[],
  bias: bigint,
): bigint {
  let sum = bias;
  for (let k = 0; k < sources.length; k++) {
    const value = x[sources[k]];
    if (weights[k] !== 0 && value !== 0n) sum += scaled(weights[k], place) * value;
  }
  return sum;
}

/** The lowest place of all weights; rows of one convolution share theirs, so that each is looked at once more at most. */
function lowestPlace(rows: readonly AffineRow[]): number {
  const known = places.get(rows);
  if (known !== undefined) return known;
  let lowest = Number.POSITIVE_INFINITY;
  for (const { weights } of rows) {
    if (weights.some((weight) => weight !== 0)) lowest = Math.min(lowest, lowestPlaceOf(weights));
  }
  const place = Number.isFinite(lowest) ? lowest : 0;
  places.set(rows, place);
  return place;
}

const places = new WeakMap<readonly AffineRow[], number>();

function divided(sums: Enclosure, divisor: number): Enclosure {
  if (Number.isInteger(Math.log2(divisor))) {
    return { ...sums, exponent: sums.exponent - Math.log2(divisor) };
  }
  const [shift, by] = [BigInt(QUOTIENT_PLACES), BigInt(divisor)];
  const floor = (a: bigint): bigint => (a >= 0n ? a / by : -((-a + by - 1n) / by));
  return {
    exponent: sums.exponent - QUOTIENT_PLACES,
    lower: sums.lower.map((value) => floor(value << shift)),
    upper: sums.upper.map((value) => -floor(-(value << shift))),
  };
}
