import type { Evaluation } from "../threat/evaluation.js";
import type { CaseProof } from "./proof.js";
import type { SearchProgress } from "./split-neurons.js";
import type { Step } from "./verdict.js";

/** What branch and bound halves: the inputs where they are few, then neurons; or one of them alone. */
export const SPLITS = ["auto", "inputs", "neurons"] as const;
/**
 * What branch and bound halves: `inputs`, `neurons`, or with `auto` neurons, and where inputs are few both in turn.
 * @useDeclaredType
 */
export type SplitChoice = (typeof SPLITS)[number];

/** How long and by what means `verify` searches. */
export interface VerifyOptions {
  /** Seconds after which what is not decided is `unknown`. */
  readonly timeout: number;
  /** The evaluation of the network that proofs are to hold for. Default: that of its own numbers. */
  readonly evaluation?: Evaluation;
  /** Of the attack's random starts. Default 0. */
  readonly seed?: number;
  /** What branches may take. Default 1 GiB. */
  readonly memoryBytes?: number;
  /** Default `auto`. */
  readonly split?: SplitChoice;
  /** Ends the search; what is not decided by then is `unknown`. */
  readonly signal?: AbortSignal;
  /** Told of every case that is proved, and how; branches then keep what proved them, and are bounded with some room. */
  readonly onProof?: (proof: CaseProof) => void;
  /** Told at every step and as branches are bounded. */
  readonly onProgress?: (progress: VerifyProgress) => void;
}

/** How far `verify` is. */
export interface VerifyProgress extends Partial<SearchProgress> {
  readonly step: Step;
  /** Cases that are settled, of all. */
  readonly settled: number;
  readonly cases: number;
}
