import type { About } from "../../threat/about.js";
import type { Evaluation } from "../../threat/evaluation.js";
import type { Guarantee } from "../../threat/guarantee.js";
import type { BallInWords } from "../wording.js";

/**
 * What became of one example. `passed`: its answer is right and certified. All others count against the robust error:
 * `misclassified`, the answer is wrong without any change; `attacked`, it is right, and an attack makes it wrong; `not-certified`, it
 * is right, and no bound proves that it holds; `not-reached`, there was no time for its bounds.
 */
export type GateVerdict = "passed" | "misclassified" | "attacked" | "not-certified" | "not-reached";

/** One example, as a gate reports it. */
export interface GateExample {
  /** In its split, from 0. */
  readonly index: number;
  readonly label: number;
  /** Null where the model was not asked; −1 where its logits are not numbers. */
  readonly prediction: number | null;
  readonly verdict: GateVerdict;
  readonly certified: boolean;
  /** The smallest lower bound of its margins, in units of logits; null where there is none. */
  readonly margin: number | null;
  /** The stage of a cascade that answered, from 0. */
  readonly stage: number;
  readonly guarantee: Guarantee;
}

/** A certification as a gate of a build: what JUnit and SARIF files say. */
export interface GateReport {
  /** Of autodual. */
  readonly version: string;
  /** Relative paths, with forward slashes, or names. Of several the stages of a cascade. */
  readonly models: readonly string[];
  readonly sha256: string;
  readonly about: About;
  readonly data: { readonly name: string; readonly split: string };
  readonly classNames: readonly string[] | null;
  readonly ball: BallInWords;
  /** By which lines, or that the strongest were sought. */
  readonly bound: string;
  readonly guarantee: Guarantee;
  /** With `probability`: each certificate holds with probability 1 − δ. */
  readonly delta: number | null;
  /** The evaluation that certificates hold for; null where rounding was left out. */
  readonly evaluation: Evaluation | null;
  /** Fractions of the examples that were reached; null where none was. */
  readonly figures: {
    readonly error: number;
    readonly robustError: number;
    readonly certified: number;
  } | null;
  /** How many examples were asked about, and how many of them were at least answered. */
  readonly asked: number;
  readonly reached: number;
  /** The largest robust error that passes; null where none was named, and nothing can fail. */
  readonly failAbove: number | null;
  readonly passed: boolean | null;
  /** Whether a signal ended the work. */
  readonly stopped: boolean;
  /** Whether those were attacked that are right and not certified. */
  readonly isAttacked: boolean;
  /** What is guaranteed, in sentences. */
  readonly statement: string;
  /** In order, of all that were asked about. */
  readonly examples: readonly GateExample[];
}

/** Whether a robust error is within the limit; of examples that were not reached nothing is known, so that they never are. */
export function isGatePassed(
  failAbove: number,
  figures: GateReport["figures"],
  unreached: number | undefined,
): boolean {
  return figures !== null && !unreached && figures.robustError <= failAbove;
}
