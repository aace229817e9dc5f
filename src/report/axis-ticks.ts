import type { Axis } from "./figure.js";

/** Where an axis has its ticks. The labelled ones have grid lines, the others are short. */
export interface Ticks {
  readonly labelled: readonly { readonly value: number; readonly label: string }[];
  readonly short: readonly number[];
}

/** The part of an axis, on its own scale, that stays free on each side of the outermost values. */
const MARGIN = 0.05;
/** The most powers of ten that are all labelled. */
const MOST_DECADES = 7;

/** The axis' own domain, or one that spans `values` and a margin; positive on a log axis. */
export function domainOf({ scale, domain }: Axis, values: readonly number[]): [low: number, high: number] {
  if (domain !== undefined) return [domain[0], domain[1]];
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (scale === "log") {
    const margin = high ** MARGIN / low ** MARGIN;
    const [least, most] = widened(low / margin, high * margin, (value) => [value / 2, value * 2]);
    return [Math.max(Number.MIN_VALUE, least), most];
  }
  const margin = high * MARGIN - low * MARGIN;
  return widened(low - margin, high + margin, (value) => {
    const half = Math.abs(value) / 10 || 1;
    return [value - half, value + half];
  });
}

/** Twelve digits: the last bits of a power may differ between machines. A domain without width is given one. */
function widened(low: number, high: number, around: (value: number) => [number, number]): [number, number] {
  const domain: [number, number] = [rounded(withinDoubles(low)), rounded(withinDoubles(high))];
  if (domain[0] < domain[1]) return domain;
  const [below, above] = around(domain[0]);
  return [withinDoubles(below), withinDoubles(above)];
}

/** The nearest finite double: a margin around the largest ones is beyond them. */
export function withinDoubles(value: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
}

/**
 * Ticks of a log axis: powers of ten where there are two or more, else 1, 2 and 5 times a power, and on an axis too
 * narrow for two of these, even steps.
 */
export function logTicks([low, high]: readonly [number, number]): Ticks {
  const inside = (value: number) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
  const exponents = range(Math.floor(Math.log10(low)), Math.ceil(Math.log10(high)));
  const grid = exponents
    .flatMap((exponent) => range(1, 9).map((digit) => ({ digit, exponent, value: times(digit, exponent) })))
    .filter(({ value }) => inside(value));
  const decades = grid.filter(({ digit }) => digit === 1);
  if (decades.length >= 2) {
    const stride = Math.ceil(decades.length / MOST_DECADES);
    const labelled = decades.filter(({ exponent }) => exponent % stride === 0);
    const short = (stride === 1 ? grid : decades).filter((tick) => !labelled.includes(tick));
    return {
      labelled: labelled.map(({ value, exponent }) => ({ value, label: power(exponent) })),
      short: short.map(({ value }) => value),
    };
  }
  const round = grid.filter(({ digit }) => digit === 1 || digit === 2 || digit === 5);
  const short = grid.filter((tick) => !round.includes(tick)).map(({ value }) => value);
  if (round.length >= 2) {
    return { labelled: round.map(({ value }) => ({ value, label: decimal(value) })), short };
  }
  return { labelled: evenSteps(low, high).map((value) => ({ value, label: decimal(value) })), short: [] };
}

/** Four to nine multiples of 1, 2 or 5 times a power of ten. */
function evenSteps(low: number, high: number): number[] {
  const exponent = Math.floor(Math.log10((high - low) / 4));
  const steps = [5, 2].map((digit) => times(digit, exponent));
  const step = steps.find((each) => (high - low) / each >= 4) ?? times(1, exponent);
  return range(Math.ceil(low / step), Math.floor(high / step)).map((count) => rounded(count * step));
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** 10 to the power of `exponent`, in print: 10⁻³. */
function power(exponent: number): string {
  const digits = Array.from(String(Math.abs(exponent)), (digit) => SUPERSCRIPTS[Number(digit)]);
  return `10${exponent < 0 ? "⁻" : ""}${digits.join("")}`;
}

/** A positive number in print: 0.25, 2000, 3×10⁻⁷. */
function decimal(value: number): string {
  if (value >= 1e-3 && value < 1e5) return String(value);
  const [factor, exponent] = value.toExponential().split("e");
  return factor === "1" ? power(Number(exponent)) : `${factor}×${power(Number(exponent))}`;
}

/** The double nearest to digit · 10^exponent, which a product would miss by rounding. */
function times(digit: number, exponent: number): number {
  return Number(`${digit}e${exponent}`);
}

function rounded(value: number): number {
  return Number(value.toPrecision(12));
}

function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}
