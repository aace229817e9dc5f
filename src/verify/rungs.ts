import type { ExampleVerdict } from "../certify/certify.js";
import { BOUND_METHODS, type BoundMethod } from "../dual/dual-options.js";
import { provesAllMargins } from "../threat/verdict.js";
import type { Step } from "./verdict.js";

/** What proved an example: bounds of a whole batch, cheapest first, or steps of `verify`. */
export type Rung = BoundMethod | Exclude<Step, "attack" | "empty box">;

/** The bounds that are tried on all that is open, one after the other. */
export const BATCH_RUNGS: readonly BoundMethod[] = [
  "interval",
  ...BOUND_METHODS.filter((method) => method !== "interval"),
];

/** Every `Rung`, in the order in which they are tried. */
export const RUNGS: readonly Rung[] = [...BATCH_RUNGS, "slopes", "input splitting", "neuron splitting"];

/** The verdict on one example, and what proved it; null where nothing did. */
export interface ClimbedVerdict extends ExampleVerdict {
  readonly rung: Rung | null;
}

/** Whether a better bound could certify it: no bound makes an answer right. */
export function mayBeProved({ prediction, reference }: ExampleVerdict): boolean {
  return prediction === reference && prediction >= 0;
}

/** Of two sound verdicts on an example, the better bound of each margin. */
export function better(
  before: ClimbedVerdict | undefined,
  found: ExampleVerdict,
  method: BoundMethod,
): ClimbedVerdict {
  // A near tie may be answered otherwise in another batch: those are margins of another class.
  const same = before?.reference === found.reference ? before : undefined;
  const marginLower = found.marginLower.map((bound, j) => Math.max(bound, same?.marginLower[j] ?? bound));
  const own = { ...found, marginLower };
  const certified = found.certified || (found.prediction === found.reference && provesAllMargins(own));
  return { ...own, certified, rung: certified ? method : null };
}
