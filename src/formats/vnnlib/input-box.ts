import { sideOfDecimal } from "./decimal.js";
import type { InputBox } from "./property.js";
import { nextDown, nextUp } from "./rounding.js";

/** Closed, of doubles. */
interface Ends {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

export function isSameBox(a: InputBox, b: InputBox): boolean {
  if (a === b) return true;
  return a.lower.every(
    (value, i) =>
      value === b.lower[i] &&
      a.upper[i] === b.upper[i] &&
      (a.lowerStrict?.[i] ?? false) === (b.lowerStrict?.[i] ?? false) &&
      (a.upperStrict?.[i] ?? false) === (b.upperStrict?.[i] ?? false),
  );
}

/** The first input that no real number meets the bounds of; null of a box with points. */
export function emptyInput({ lower, upper, lowerStrict, upperStrict }: InputBox): number | null {
  const isOpen = (i: number) => (lowerStrict?.[i] ?? false) || (upperStrict?.[i] ?? false);
  const input = lower.findIndex((value, i) => value > upper[i]! || (value === upper[i] && isOpen(i)));
  return input < 0 ? null : input;
}

/** The least closed box of doubles that has all real points of a box. `decimal` as in Property. */
export function enclosureOf({ lower, upper }: InputBox, decimal: boolean): Ends {
  if (!decimal) return { lower, upper };
  return {
    lower: lower.map((value) => (sideOfDecimal(value) > 0 ? nextDown(value) : value)),
    upper: upper.map((value) => (sideOfDecimal(value) < 0 ? nextUp(value) : value)),
  };
}

/**
 * The least and the greatest double of each input that may be a counterexample's: what their shortest decimals stand for
 * lies within the box, and so they do where programs read the box's numbers as doubles. A lower end is above the upper one
 * where there is no such double: the numbers that an open interval has may all lie between two doubles.
 */
export function doublesOf({ lower, upper, lowerStrict, upperStrict }: InputBox): Ends {
  return {
    lower: lowerStrict ? lower.map((value, i) => (lowerStrict[i] ? nextUp(value) : value)) : lower,
    upper: upperStrict ? upper.map((value, i) => (upperStrict[i] ? nextDown(value) : value)) : upper,
  };
}

/** Whether every input has a double that may be a counterexample's. */
export function hasDoubles(box: InputBox): boolean {
  const { lower, upper } = doublesOf(box);
  return lower.every((value, i) => value <= upper[i]!);
}

/**
 * As `doublesOf`, and what the doubles are themselves, in binary, lies within the box as well; of an input that has no such
 * double, as one that is to be a tenth, `doublesOf`. `decimal` as in Property: else all doubles are what they say.
 */
export function exactDoublesOf(box: InputBox, decimal: boolean): Ends {
  const ends = doublesOf(box);
  if (!decimal) return ends;
  const lower = ends.lower.map((value) => (sideOfDecimal(value) < 0 ? nextUp(value) : value));
  const upper = ends.upper.map((value) => (sideOfDecimal(value) > 0 ? nextDown(value) : value));
  for (const [i, value] of lower.entries()) {
    if (value > upper[i]!) [lower[i], upper[i]] = [ends.lower[i]!, ends.upper[i]!];
  }
  return { lower, upper };
}
