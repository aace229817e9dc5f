/** What settled a case, or was the last to try: the ladder, from cheap to dear. */
export const STEPS = [
  "empty box",
  "attack",
  "parallel",
  "adaptive",
  "slopes",
  "input splitting",
  "neuron splitting",
] as const;
/**
 * What settles a case, from cheap to dear: that no input is in its box, an attack, bounds, branch and bound.
 * @useDeclaredType
 */
export type Step = (typeof STEPS)[number];

/** The answer about one case of a property. */
export interface CaseVerdict {
  /** Its number in the property, from 0. */
  readonly case: number;
  readonly answer: "holds" | "violated" | "unknown";
  /** What settled it, or was the last to try. */
  readonly step: Step;
  /** The largest row's value is at least this over the whole box, as far as was found. */
  readonly bound: number | null;
  /** Parts or branches that were bounded. */
  readonly branches: number;
}

/**
 * `holds`: no input of any case's box gives outputs that break the property, in real arithmetic and in the evaluation asked
 * for, rounding and all; or there is no input in the box. `violated`: with an input that does, within the bounds of the property,
 * strict ones included, and judged in double precision. Else `unknown`.
 */
export interface Verdict {
  readonly answer: "holds" | "violated" | "unknown";
  /** The input that breaks the property and its outputs; null unless the answer is `violated`. */
  readonly counterexample: { readonly input: Float64Array; readonly output: Float64Array } | null;
  /** In the property's order. */
  readonly cases: readonly CaseVerdict[];
  readonly seconds: number;
  /** What had no room in memory, where that ended a step. */
  readonly outOfMemory?: string;
  /** Where some input meets a strict comparison with equality: no bound proves its case, and no further time would. */
  readonly equality?: true;
}

/** A case that nothing was found out about. */
export function openCase(number: number): CaseVerdict {
  return { case: number, answer: "unknown", step: "attack", bound: null, branches: 0 };
}
