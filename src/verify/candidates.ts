import type { Bounds } from "../dual/dual-layer.js";
import { doublesOf, exactDoublesOf } from "../formats/vnnlib/input-box.js";
import type { InputSet, OutputCase, Question } from "./question.js";
import { meetsRelations, repaired } from "./relations.js";

/**
 * What a point is within a case's inputs, the best to show first. Whoever checks it in single precision should find the same, so that
 * rounded points come first, where the set has them; before points whose decimals alone lie in the set, those that do
 * themselves. Nothing where no double is in the set. Where inputs are related, points are moved until they meet the relations.
 */
export function candidates(
  point: Float64Array,
  own: OutputCase,
  box: Pick<Question, "lower" | "upper">,
): readonly Float64Array[] {
  const set: InputSet = own.inputs ?? box;
  const found: Float64Array[] = [];
  const keep = (one: Float64Array): void => {
    if (!found.some((other) => other.every((value, f) => value === one[f]))) found.push(one);
  };
  const { judged } = own;
  const inDecimal: Float64Array[] = [];
  for (const ends of [exactDoublesOf(set, set.decimal ?? false), doublesOf(set)]) {
    const clamped = point.map((value, f) => Math.min(ends.upper[f], Math.max(ends.lower[f], value)));
    const tried = [roundedWithin(clamped, ends), ...(judged ? [onGrid(clamped, ends)] : []), clamped];
    for (const one of tried) {
      if (!one.every((value, f) => value >= ends.lower[f] && value <= ends.upper[f])) continue;
      if (!judged) {
        keep(one);
        continue;
      }
      const moved = repaired(one, judged, ends);
      if (meetsRelations(moved, judged, "both")) keep(moved);
      else if (meetsRelations(moved, judged, "decimal")) inDecimal.push(moved);
    }
  }
  inDecimal.forEach(keep);
  return found;
}

/** Each entry to the nearest number of single precision, where that lies within the box. */
function roundedWithin(point: Float64Array, { lower, upper }: Bounds<Float64Array>): Float64Array {
  return point.map((value, f) => {
    const single = Math.fround(value);
    return single >= lower[f] && single <= upper[f] ? single : value;
  });
}

/** Numbers below this that are multiples of the step are decimals of fifteen digits, and sums of some of them are exact. */
const GRID = { below: 1000, step: 2 ** -12 } as const;

/** Each entry to the nearest multiple of a step, where that lies within the box. */
function onGrid(point: Float64Array, { lower, upper }: Bounds<Float64Array>): Float64Array {
  return point.map((value, f) => {
    const near = Math.round(value / GRID.step) * GRID.step;
    return Math.abs(near) < GRID.below && near >= lower[f] && near <= upper[f] ? near : value;
  });
}
