import { outputsAt, type Subject } from "../network/subject.js";
import type { Question } from "./question.js";

/** Of one unit in a row's numbers: what rounding may make of it. */
const UNIT = { float64: 1e-9, float32: 1e-4 } as const;

/**
 * What a bound must exceed to be believed: rounding, in units of the numbers that meet in a row, at least 1. These are
 * looked at in the middle of the box.
 */
export async function slackOf(subject: Subject, { lower, upper, cases }: Question): Promise<number> {
  const middle = lower.map((low, f) => low / 2 + upper[f] / 2);
  const outputs = await outputsAt(subject, middle, 1);
  let largest = 1;
  for (const { coefficients, bounds, rows, outputs: count } of cases) {
    for (let row = 0; row < rows; row++) {
      let size = Math.abs(bounds[row]);
      for (let k = 0; k < count; k++) size += Math.abs(coefficients[row * count + k] * outputs[k]);
      largest = Math.max(largest, size);
    }
  }
  return largest * UNIT[subject.backend.dtype];
}
