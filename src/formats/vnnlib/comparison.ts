import { type Linear, readLinear, type Scope, type Term } from "./linear.js";
import type { OutputConstraint } from "./property.js";
import { divideDown, divideUp, subtractUp } from "./rounding.js";
import { excerptOf, type List } from "./s-expression.js";

/** A bound on one input. `from` is the offset of its comparison, for errors about the box. */
export interface InputBound {
  readonly kind: "input";
  readonly input: number;
  readonly side: "lower" | "upper";
  readonly value: number;
  readonly from: number;
}

/** A bound on one input, or a constraint of the outputs. */
export type Literal = InputBound | { readonly kind: "output"; readonly constraint: OutputConstraint };

/** The two sides of a comparison. */
export interface ComparisonSides {
  readonly list: List;
  readonly left: Linear;
  readonly right: Linear;
}

export function readSides(list: List, scope: Scope): ComparisonSides {
  return { list, left: readLinear(list.items[1]!, scope), right: readLinear(list.items[2]!, scope) };
}

/** The same comparison read from right to left, so that ≥ becomes ≤. */
export function swapped({ list, left, right }: ComparisonSides): ComparisonSides {
  return { list, left: right, right: left };
}

/**
 * left ≤ right (strict: <) as a literal, or as true or false if no variable is left in it. A strict bound on an input
 * becomes one that is not (see InputBox). Throws a FormatError if inputs and outputs come together, or more than one
 * input.
 */
export function atMost(
  { list, left, right }: ComparisonSides,
  strict: boolean,
  { source }: Scope,
): Literal | boolean {
  const terms = collect(left.terms, right.terms);
  if (terms.length === 0) return strict ? left.constant < right.constant : left.constant <= right.constant;
  const bound = positiveZero(subtractUp(right.constant, left.constant));
  const [{ variable, coefficient }] = terms as [Term, ...Term[]];
  const other = terms.find((term) => term.variable.kind !== variable.kind);
  if (other) {
    throw source.error(
      list.from,
      "inputs and outputs in comparisons of their own",
      `${variable.name} and ${other.variable.name} in ${excerptOf(list, source)}`,
    );
  }
  if (!Number.isFinite(bound) || !terms.every((term) => Number.isFinite(term.coefficient))) {
    throw source.error(
      list.from,
      "numbers within the range of doubles",
      `${excerptOf(list, source)}, which is beyond it`,
    );
  }
  if (variable.kind === "output") {
    const sum = terms.map((term) => ({ output: term.variable.index, coefficient: term.coefficient }));
    return { kind: "output", constraint: { terms: sum, bound, strict } };
  }
  if (terms.length > 1) {
    throw source.error(
      list.from,
      "comparisons of a single input with a number, as only boxes are supported",
      `${variable.name} and ${terms[1]!.variable.name} in ${excerptOf(list, source)}`,
    );
  }
  const value = positiveZero(coefficient > 0 ? divideUp(bound, coefficient) : divideDown(bound, coefficient));
  if (!Number.isFinite(value)) {
    throw source.error(
      list.from,
      "numbers within the range of doubles",
      `${excerptOf(list, source)}, which is beyond it`,
    );
  }
  const side = coefficient > 0 ? "upper" : "lower";
  return { kind: "input", input: variable.index, side, value, from: list.from };
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
