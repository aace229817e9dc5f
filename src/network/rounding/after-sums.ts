import { type Arithmetic, accumulated, IEEE } from "../../compute/arithmetic.js";
import type { Stop } from "../../compute/deadline.js";
import type { Sums } from "../layers/sums.js";
import { known, type NodeValues, stacked } from "./node-values.js";

/** Numbers of underflows that the formulas of a batch norm have beside those of a sum. */
const FURTHER_UNDERFLOWS = 4;

/** Additions between two looks at whether it is time to end. */
const BETWEEN_LOOKS = 1_000_000;

/** What is summed so far, `[outputs, rows]`. */
interface Totals {
  readonly value: Float64Array;
  readonly size: Float64Array;
  /** |W| E of each format. */
  readonly reach: readonly Float64Array[];
  /** Summands of each output, those that are 0 not counted: they round nothing. */
  readonly summands: Int32Array;
  readonly largestWeight: number;
}

/**
 * An affine layer with its roundings: with S = |W||v̂| + |b| and R = |W| E, for k roundings of a term,
 *
 *     E′ = R + γ(k)·(S + 2R) + γ₅₃(k)·S + what underflows
 *
 * where γ(k)·(S + R) is the evaluation's own rounding, γ₅₃(k)·S that of v̂, and one R more pays for sums before a diagonal layer
 * that it was folded into: their own roundings are scaled along, and of those at most R was seen. A format's E′ is infinite where
 * S + E′ passes its largest number: some order of summing may overflow; or where a weight or an input passes it already.
 */
export function afterSums(
  sums: Sums,
  outputs: number,
  inputs: readonly NodeValues[],
  rows: number,
  formats: readonly Arithmetic[],
  stop?: Stop,
  betweenLooks = BETWEEN_LOOKS,
): NodeValues {
  const before = stacked(inputs);
  const totals = summed(sums, outputs, before, rows, stop, betweenLooks);
  const errors = formats.map((format, f) => {
    const largest = largestOf(before.value, before.errors[f]) + totals.largestWeight;
    return totals.value.map((_, i) => {
      const summands = totals.summands[Math.floor(i / rows)];
      return errorOf(format, sums.roundings, summands, totals.size[i], totals.reach[f][i], largest);
    });
  });
  return { value: totals.value, size: totals.size, errors };
}

function summed(
  sums: Sums,
  outputs: number,
  before: NodeValues,
  rows: number,
  stop: Stop | undefined,
  betweenLooks: number,
): Totals {
  const sizes = sums.diagonal ? before.size : before.value.map(Math.abs);
  const value = new Float64Array(outputs * rows);
  const size = new Float64Array(outputs * rows);
  const reach = before.errors.map(() => new Float64Array(outputs * rows));
  const summands = new Int32Array(outputs);
  for (let output = 0; output < outputs; output++) {
    const constant = sums.offset?.(output) ?? 0;
    const magnitude = sums.offsetSize?.(output) ?? Math.abs(constant);
    if (magnitude !== 0) summands[output] = 1;
    value.fill(constant, output * rows, (output + 1) * rows);
    size.fill(magnitude, output * rows, (output + 1) * rows);
  }
  let largestWeight = 0;
  let since = 0;
  sums.each((weight, count, output, outputStep, feature, featureStep) => {
    if (weight === 0) return;
    since += count * rows;
    if (since > betweenLooks) {
      stop?.throwIfAborted();
      since = 0;
    }
    const magnitude = Math.abs(weight);
    largestWeight = Math.max(largestWeight, magnitude);
    const run = { rows, count, output, outputStep, feature, featureStep };
    for (let i = 0; i < count; i++) summands[output + i * outputStep] += 1;
    addRun(value, weight, before.value, run);
    addRun(size, magnitude, sizes, run);
    for (const [f, total] of reach.entries()) addRun(total, magnitude, before.errors[f], run);
  });
  return { value, size, reach, summands, largestWeight };
}

interface TermRun {
  readonly rows: number;
  readonly count: number;
  readonly output: number;
  readonly outputStep: number;
  readonly feature: number;
  readonly featureStep: number;
}

function addRun(totals: Float64Array, weight: number, x: Float64Array, run: TermRun): void {
  const { rows, count, outputStep, featureStep } = run;
  let [to, from] = [run.output * rows, run.feature * rows];
  if (outputStep === 1 && featureStep === 1) {
    for (const end = to + count * rows; to < end; to++, from++) totals[to] += weight * x[from];
    return;
  }
  const [toNext, fromNext] = [(outputStep - 1) * rows, (featureStep - 1) * rows];
  for (let i = 0; i < count; i++, to += toNext, from += fromNext) {
    for (let row = 0; row < rows; row++, to++, from++) totals[to] += weight * x[from];
  }
}

function errorOf(
  format: Arithmetic,
  roundings: number,
  summands: number,
  size: number,
  reach: number,
  largest: number,
): number {
  const count = roundings + Math.max(0, summands - 1);
  // Numbers that are moved are not rounded.
  if (count === 0) return known(reach);
  const own = accumulated(count, IEEE.float64) * size;
  const evaluated = accumulated(count, format) * (size + 2 * reach);
  const lost = format.underflow + format.flushed + IEEE.float64.underflow;
  const underflows = lost * (summands + FURTHER_UNDERFLOWS) * (2 + largest);
  // These are sums themselves, of as many numbers.
  const error = (reach + evaluated + own + underflows) * (1 + (count + 16) * 2 ** -52);
  return Math.max(size + 2 * reach + error, largest) <= format.largest ? error : Number.POSITIVE_INFINITY;
}

function largestOf(value: Float64Array, error: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < value.length; i++) largest = Math.max(largest, Math.abs(value[i]) + error[i]);
  return largest;
}
