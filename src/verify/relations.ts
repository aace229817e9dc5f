import type { Bounds } from "../dual/dual-layer.js";
import { decimalOf } from "../formats/vnnlib/decimal.js";
import type { InputTerm, OutputConstraint } from "../formats/vnnlib/property.js";
import {
  add,
  approximate,
  compare,
  divide,
  multiply,
  negate,
  type Rational,
  rationalOfDouble,
  ZERO,
} from "../formats/vnnlib/rational.js";
import { nextDown, nextUp } from "../threat/outward.js";

/** The comparisons of a case as they were asked, by which counterexamples are judged where inputs are compared. */
export interface JudgedRows {
  /** How many the network itself has. */
  readonly outputs: number;
  readonly constraints: readonly OutputConstraint[];
  /** As in Property: of relations of inputs alone. */
  readonly decimal: boolean;
}

/** What numbers stand for: `decimal` for their shortest decimals; `both` for these and for the doubles themselves as well. */
export type NumberReading = "decimal" | "both";

type ValueOf = (value: number) => Rational;

/** The exact values of an input, one for each way to read it. */
function waysToRead(decimal: boolean, reading: NumberReading): readonly ValueOf[] {
  if (!decimal) return [rationalOfDouble];
  return reading === "decimal" ? [decimalOf] : [decimalOf, rationalOfDouble];
}

/** Whether inputs meet the relations among them, exactly. */
export function meetsRelations(
  x: Float64Array,
  { constraints, decimal }: JudgedRows,
  reading: NumberReading,
): boolean {
  return constraints.every(
    (row) => !isRelation(row) || waysToRead(decimal, reading).every((read) => isMet(row, x, decimal, read)),
  );
}

/** Whether inputs and outputs meet the comparisons of both, in exact arithmetic on doubles; y may be longer than the outputs. */
export function meetsMixedRows(
  x: Float64Array,
  y: Float64Array,
  { constraints, decimal }: JudgedRows,
): boolean {
  return constraints.every((row) => {
    const { terms, inputs, bound, strict } = row;
    if (!inputs || terms.length === 0) return true;
    const ofOutputs = terms.map(({ output, coefficient }) =>
      product(coefficient, rationalOfDouble(y[output])),
    );
    return waysToRead(decimal, "both").every((read) => {
      const ofInputs = inputs.map(({ input, coefficient }) => product(coefficient, read(x[input])));
      const order = compare([...ofOutputs, ...ofInputs].reduce(add, ZERO), rationalOfDouble(bound));
      return strict ? order < 0 : order <= 0;
    });
  });
}

function product(coefficient: number, value: Rational): Rational {
  return multiply(rationalOfDouble(coefficient), value);
}

export function isRelation({ terms, inputs }: OutputConstraint): boolean {
  return terms.length === 0 && inputs !== undefined;
}

function isMet(row: OutputConstraint, x: Float64Array, decimal: boolean, read: ValueOf): boolean {
  const order = compare(excess(row, x, decimal, read), ZERO);
  return row.strict ? order < 0 : order <= 0;
}

/** Σ a·x − c, exactly. */
function excess(
  { inputs = [], bound }: OutputConstraint,
  x: Float64Array,
  decimal: boolean,
  read: ValueOf,
): Rational {
  const own: ValueOf = decimal ? decimalOf : rationalOfDouble;
  const terms = inputs.map(({ input, coefficient }) => multiply(own(coefficient), read(x[input])));
  return terms.reduce(add, negate(own(bound)));
}

/** How often a relation is met at the cost of others. */
const REPAIRS = 12;

/**
 * A point moved within the box until it meets the relations, one input at a time: of each relation that it does not meet, the input that
 * has most room. As it is where that does not lead there.
 */
export function repaired(point: Float64Array, judged: JudgedRows, box: Bounds<Float64Array>): Float64Array {
  const { constraints, decimal } = judged;
  const relations = constraints.filter(isRelation);
  const ways = waysToRead(decimal, "both");
  const x = point.slice();
  for (let i = 0; i < REPAIRS; i++) {
    const row = relations.find((own) => !ways.every((read) => isMet(own, x, decimal, read)));
    if (!row) return x;
    const moved = roomiest(row, x, box);
    if (!moved) return x;
    const { input, coefficient } = moved;
    const own: ValueOf = decimal ? decimalOf : rationalOfDouble;
    const targets = ways.map((read) =>
      add(read(x[input]), negate(divide(excess(row, x, decimal, read), own(coefficient)))),
    );
    const value = met(targets, ways, coefficient > 0, row.strict);
    x[input] = Math.min(box.upper[input], Math.max(box.lower[input], value));
  }
  return x;
}

/** The input of a relation that can lower its value most. */
function roomiest(
  { inputs = [] }: OutputConstraint,
  x: Float64Array,
  { lower, upper }: Bounds<Float64Array>,
): InputTerm | null {
  let [best, most]: [InputTerm | null, number] = [null, 0];
  for (const term of inputs) {
    const { input, coefficient } = term;
    const room = coefficient > 0 ? x[input] - lower[input] : upper[input] - x[input];
    const effect = room * Math.abs(coefficient);
    if (effect > most) [best, most] = [term, effect];
  }
  return best;
}

/** The double next to all targets on their lower side, or on their upper one, in every way to read it. */
function met(
  targets: readonly Rational[],
  ways: readonly ValueOf[],
  isBelow: boolean,
  strict: boolean,
): number {
  const isBeyond = (value: number) =>
    ways.some((read, i) => {
      const order = compare(read(value), targets[i]) * (isBelow ? 1 : -1);
      return strict ? order >= 0 : order > 0;
    });
  let value = approximate(targets[0]);
  for (let i = 0; i < 8 && Number.isFinite(value) && isBeyond(value); i++) {
    value = isBelow ? nextDown(value) : nextUp(value);
  }
  return value;
}
