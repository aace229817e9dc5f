import { withinDoubles } from "../axis-ticks.js";

/** One bar of a histogram, from `low` up to `high`. */
export interface Bin {
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** An outermost bar that also counts values beyond its end. */
  readonly beyond: boolean;
}

const MOST_BINS = 40;
/** About as many bins as the middle of the values is divided into. */
const WANTED = 24;

/**
 * A histogram with bins of 1, 2 or 5 times a power of ten whose edges are multiples of it, so that 0 is an edge where it
 * lies within. What lies outside the middle 98 per cent is counted in the outermost bins, which then say so; but no bin
 * holds values of both signs.
 */
export function binsOf(values: readonly number[]): Bin[] {
  if (values.length === 0) return [];
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.round(part * (sorted.length - 1))];
  const [low, high] = [at(0.01), at(0.99)];
  let step = niceStep(high / WANTED - low / WANTED || Math.abs(high) / WANTED || 0.1);
  // Few values below 0 must not be counted in a bar above it, nor the other way round.
  const firstOf = () => Math.min(binOf(low, step), sorted[0] < 0 ? -1 : Number.POSITIVE_INFINITY);
  const lastOf = () =>
    Math.max(binOf(high, step), sorted[sorted.length - 1] >= 0 ? 0 : Number.NEGATIVE_INFINITY);
  while (lastOf() - firstOf() >= MOST_BINS) step = niceStep(1.5 * step);
  const [first, last] = [firstOf(), lastOf()];
  const counts = new Array<number>(last - first + 1).fill(0);
  for (const value of sorted) counts[Math.min(Math.max(binOf(value, step), first), last) - first] += 1;
  const beyond = (i: number) =>
    (i === 0 && binOf(sorted[0], step) < first) ||
    (i === counts.length - 1 && binOf(sorted[sorted.length - 1], step) > last);
  const edge = (number: number) => Number(withinDoubles(number * step).toPrecision(12));
  return counts.map((count, i) => ({
    low: edge(first + i),
    high: edge(first + i + 1),
    count,
    beyond: beyond(i),
  }));
}

/** A value that is an edge but for rounding belongs to the bin that begins there; one just below 0 stays below it. */
function binOf(value: number, step: number): number {
  const place = value / step;
  const nearest = Math.round(place);
  return Math.abs(place - nearest) <= 1e-12 * Math.abs(place) ? nearest : Math.floor(place);
}

/** The smallest of 1, 2 and 5 times a power of ten that is not below a step. */
export function niceStep(step: number): number {
  const exponent = Math.floor(Math.log10(step));
  const digit = [1, 2, 5, 10].find((each) => Number(`${each}e${exponent}`) >= step * (1 - 1e-9)) ?? 10;
  return withinDoubles(Number(`${digit}e${exponent}`));
}
