import { decimalOf, greatestDecimalAtMost, leastDecimalAtLeast } from "./decimal.js";
import { exactBound } from "./exact-linear.js";
import { type Linear, readLinear, type Scope, type Term } from "./linear.js";
import type { OutputConstraint } from "./property.js";
import { compare, type Rational } from "./rational.js";
import { relationOf } from "./relation.js";
import { subtractUp } from "./rounding.js";
import { excerptOf, type List, type SExpression } from "./s-expression.js";

/** A bound on one input, exactly and as a double. */
export interface InputBound {
  readonly kind: "input";
  readonly input: number;
  readonly side: "lower" | "upper";
  /** What the file says. */
  readonly exact: Rational;
  /** Whether it says < or >. */
  readonly strict: boolean;
  /** The nearest double on the outer side, or at, by its shortest decimal. */
  readonly value: number;
  /** Whether that decimal is not within the bound: a strict bound, or one that lies between two doubles' decimals. */
  readonly isOpen: boolean;
  /** The offset of its comparison. */
  readonly from: number;
}

/** A bound on one input, or a constraint of outputs, of several inputs, or of both. */
export type Literal = InputBound | { readonly kind: "constraint"; readonly constraint: OutputConstraint };

/** The two sides of a comparison. */
export interface ComparisonSides {
  readonly list: List;
  readonly left: Side;
  readonly right: Side;
}

interface Side extends Linear {
  readonly expression: SExpression;
}

export function readSides(list: List, scope: Scope): ComparisonSides {
  const [, left, right] = list.items as [SExpression, SExpression, SExpression];
  return {
    list,
    left: { ...readLinear(left, scope), expression: left },
    right: { ...readLinear(right, scope), expression: right },
  };
}

/** The same comparison read from right to left, so that ≥ becomes ≤. */
export function swapped({ list, left, right }: ComparisonSides): ComparisonSides {
  return { list, left: right, right: left };
}

/** left ≤ right (strict: <) as a literal, or as true or false if no variable is left in it. */
export function atMost(
  { list, left, right }: ComparisonSides,
  strict: boolean,
  scope: Scope,
): Literal | boolean {
  const { source } = scope;
  const terms = collect(left.terms, right.terms);
  if (terms.length === 0) return strict ? left.constant < right.constant : left.constant <= right.constant;
  const bound = positiveZero(subtractUp(right.constant, left.constant));
  if (!Number.isFinite(bound) || !terms.every((term) => Number.isFinite(term.coefficient))) {
    throw source.error(
      list.from,
      "numbers within the range of doubles",
      `${excerptOf(list, source)}, which is beyond it`,
    );
  }
  const [ofInputs, ofOutputs] = (["input", "output"] as const).map((kind) =>
    terms.filter(({ variable }) => variable.kind === kind),
  ) as [Term[], Term[]];
  if (ofOutputs.length > 0) {
    const sum = ofOutputs.map((term) => ({ output: term.variable.index, coefficient: term.coefficient }));
    const inputs = ofInputs.map((term) => ({ input: term.variable.index, coefficient: term.coefficient }));
    const constraint = { terms: sum, bound, strict, ...(inputs.length > 0 && { inputs }) };
    return { kind: "constraint", constraint };
  }
  if (ofInputs.length > 1) {
    const constraint = relationOf(list, left.expression, right.expression, strict, scope);
    return { kind: "constraint", constraint };
  }
  const [{ variable }] = ofInputs as [Term];
  const { value: exact, side } = exactBound(list, left.expression, right.expression, variable.name, scope);
  const value = side === "lower" ? greatestDecimalAtMost(exact) : leastDecimalAtLeast(exact);
  if (!Number.isFinite(value)) {
    throw source.error(
      list.from,
      "numbers within the range of doubles",
      `${excerptOf(list, source)}, which is beyond it`,
    );
  }
  const isOpen = strict || compare(decimalOf(value), exact) !== 0;
  return { kind: "input", input: variable.index, side, exact, strict, value, isOpen, from: list.from };
}

/** left − right by variable, in the order of their indices, without those that cancel. */
function collect(left: readonly Term[], right: readonly Term[]): Term[] {
  const coefficients = new Map(left.map(({ variable }) => [variable, 0]));
  for (const { variable, coefficient } of left) {
    coefficients.set(variable, coefficients.get(variable)! + coefficient);
  }
  for (const { variable, coefficient } of right) {
    coefficients.set(variable, (coefficients.get(variable) ?? 0) - coefficient);
  }
  return [...coefficients]
    .filter(([, coefficient]) => coefficient !== 0)
    .map(([variable, coefficient]) => ({ variable, coefficient }))
    .sort((a, b) => a.variable.index - b.variable.index);
}

/** −0 says nothing that 0 does not, and would make equal properties differ. */
function positiveZero(value: number): number {
  return value + 0;
}
