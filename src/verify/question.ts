import { emptyInput, enclosureOf, isSameBox } from "../formats/vnnlib/input-box.js";
import type { InputBox, Property } from "../formats/vnnlib/property.js";
import { isRelation, type JudgedRows } from "./relations.js";

/**
 * One way to break a property: outputs y with C y ≤ d, every row. Its value at y is the largest of C y − d: a
 * counterexample has a value of at most 0 (below 0 where a row is strict).
 */
export interface OutputCase {
  /** Number of the case in the property. */
  readonly number: number;
  readonly rows: number;
  readonly outputs: number;
  /** C, row-major. */
  readonly coefficients: Float64Array;
  /** d. */
  readonly bounds: Float64Array;
  readonly strict: readonly boolean[];
  /** Where its counterexamples lie; absent where that is the box of the question, closed and of doubles. */
  readonly inputs?: InputSet;
  /** Where inputs are compared as well, rows are about more outputs, and these are what was asked. */
  readonly judged?: JudgedRows;
}

/** The inputs that a case is about: a box that may be open, and whose numbers may be decimals. */
export interface InputSet extends InputBox {
  /** As in Property. */
  readonly decimal?: boolean;
}

/** All cases over one box of inputs. */
export interface Question {
  /** A closed box of doubles that encloses the inputs: what bounds are about. */
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** As in its cases. */
  readonly inputs?: InputSet;
  readonly cases: readonly OutputCase[];
}

/** The numbers of the cases that no input can break, as no number meets the bounds of some input. */
export function emptyCases({ cases }: Property): readonly number[] {
  const boxes = new Set(cases.map(({ box }) => box));
  const empty = new Set([...boxes].filter((box) => emptyInput(box) !== null));
  return cases.flatMap(({ box }, number) => (empty.has(box) ? [number] : []));
}

/** The cases of a property whose boxes have points, those of equal boxes together. */
export function questionsOf({ cases, outputs, decimal = false }: Property): readonly Question[] {
  const questions: { box: InputBox; inputs: InputSet | undefined; cases: OutputCase[] }[] = [];
  for (const [number, { box, constraints }] of cases.entries()) {
    const same = questions.findLast((question) => isSameBox(question.box, box));
    if (!same && emptyInput(box) !== null) continue;
    const isOpen = box.lowerStrict !== undefined || box.upperStrict !== undefined;
    const inputs = same ? same.inputs : isOpen || decimal ? { ...box, decimal } : undefined;
    const coefficients = new Float64Array(constraints.length * outputs);
    for (const [row, { terms }] of constraints.entries()) {
      for (const { output, coefficient } of terms) coefficients[row * outputs + output] += coefficient;
    }
    const own: OutputCase = {
      number,
      rows: constraints.length,
      outputs,
      coefficients,
      bounds: Float64Array.from(constraints, ({ bound }) => bound),
      strict: constraints.map(({ strict }) => strict),
      ...(inputs && { inputs }),
    };
    if (same) same.cases.push(own);
    else questions.push({ box, inputs, cases: [own] });
  }
  return questions.map(({ box, inputs, cases: own }) => ({
    ...enclosureOf(box, decimal),
    ...(inputs && { inputs }),
    cases: own,
  }));
}

/** C y − d of one row; outputs lie `stride` apart from `first`. */
export function rowValue(
  { coefficients, bounds, outputs }: OutputCase,
  row: number,
  y: ArrayLike<number>,
  first = 0,
  stride = 1,
): number {
  let sum = -bounds[row];
  for (let k = 0; k < outputs; k++) {
    const coefficient = coefficients[row * outputs + k];
    if (coefficient !== 0) sum += coefficient * y[first + k * stride];
  }
  return sum;
}

/** The largest C y − d, and the row that has it; of a case without rows −∞. NaN where any row's is. */
export function caseValue(
  own: OutputCase,
  y: ArrayLike<number>,
  first = 0,
  stride = 1,
): { readonly value: number; readonly row: number } {
  let [value, best] = [Number.NEGATIVE_INFINITY, 0];
  for (let row = 0; row < own.rows; row++) {
    const found = rowValue(own, row, y, first, stride);
    if (Number.isNaN(found)) return { value: found, row };
    if (found > value) [value, best] = [found, row];
  }
  return { value, row: best };
}

/** Of each input's width what a point may lie beside a relation and still be worth moving onto it. */
const BESIDE = 0.02;

/** Whether a point whose outputs these are is worth a look; one that only comes near relations of inputs is. */
export function isWorthALook(
  own: OutputCase,
  { lower, upper }: Pick<Question, "lower" | "upper">,
  y: ArrayLike<number>,
  first = 0,
  stride = 1,
): boolean {
  if (!own.judged) return caseValue(own, y, first, stride).value <= 0;
  return own.judged.constraints.every((row, i) => {
    const reach = (row.inputs ?? []).reduce(
      (sum, { input, coefficient }) => sum + Math.abs(coefficient) * (upper[input] - lower[input]),
      0,
    );
    return rowValue(own, i, y, first, stride) <= (isRelation(row) ? BESIDE * reach : 0);
  });
}

/** Whether outputs break the property in that way, taken at its word: ≤, or < where a row is strict. */
export function isBroken(own: OutputCase, y: ArrayLike<number>): boolean {
  return own.strict.every((strict, row) => {
    const value = rowValue(own, row, y);
    return strict ? value < 0 : value <= 0;
  });
}
