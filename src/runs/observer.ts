import { kindOf, UsageError } from "../errors.js";
import type { About } from "../threat/about.js";
import type { EpochRow } from "../train/config.js";

/** A long piece of work, of `total` parts. */
export interface Work {
  readonly name: WorkName;
  readonly total: number;
  /** How many parts were done before this program began. */
  readonly start?: number;
  /** Whose answers its figures are about, where they are about answers. */
  readonly about?: About;
}

/** What is done for long: the parts are examples, or of a training batches. */
export type WorkName =
  | "certify"
  | "branch and bound"
  | "certificates"
  | "check"
  | "attack"
  | "radius"
  | "drift"
  | "train"
  | "certify training examples";

/** Results so far, most of them fractions from 0 to 1. What a piece of work does not know is left out. */
export interface Figures {
  readonly error?: number;
  readonly robustError?: number;
  /** Examples proved so far by what the work tries. */
  readonly proved?: number;
  readonly pgdError?: number;
  readonly medianRadius?: number;
  /** The largest bound of a difference between evaluations, in units of logits. */
  readonly largestDrift?: number;
  /** Of a training, from 1. */
  readonly epoch?: number;
  /** Whether the epoch is being evaluated on test examples. */
  readonly evaluating?: true;
}

/** Is told how a piece of work goes on. */
export interface WorkObserver {
  /** So many parts are done, with these results so far. */
  update(done: number, figures: Figures): void;
  /** The work is over, done or not. */
  end(): void;
}

/** What happens in the course of a run and is worth a line of its own. */
export type RunEvent =
  /** An epoch is trained, evaluated where that was due, and kept. */
  | { readonly kind: "epoch"; readonly row: EpochRow; readonly epochs: number }
  /** A stage of a cascade begins, counted from 1. */
  | { readonly kind: "stage"; readonly stage: number; readonly stages: number }
  /** The examples that it trains on are known, and how many are held out beside them. */
  | { readonly kind: "stage-examples"; readonly count: number; readonly heldOut: number }
  /** It never did better than guessing: what was found, and what helps. */
  | { readonly kind: "stage-stuck"; readonly words: string }
  /** It is trained, and the cascade up to it evaluated on so many test examples. */
  | {
      readonly kind: "stage-done";
      readonly stage: number;
      readonly error: number;
      readonly robustError: number;
      readonly examples: number;
    }
  /** No training example remains for a further stage. */
  | { readonly kind: "nothing-remains" };

/** Who watches long work: a terminal, a page, a test. Both may be left out. */
export interface Observer {
  /** A piece of work begins. */
  begin?(work: Work): WorkObserver;
  /** Something happened. */
  tell?(event: RunEvent): void;
}

/** How long work is watched and ended. */
export interface Watch {
  readonly observer?: Observer;
  /** Work in progress ends between two of its parts, and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const UNSEEN: WorkObserver = { update() {}, end() {} };

/** Runs a piece of work under the observer's eyes. */
export async function observed<T>(
  { observer }: Watch,
  work: Work,
  run: (seen: WorkObserver) => Promise<T>,
): Promise<T> {
  const seen = observer?.begin?.(work) ?? UNSEEN;
  if (typeof seen.update !== "function" || typeof seen.end !== "function") {
    throw new UsageError(
      `observer: expected begin to give the functions update and end, found ${kindOf(seen)}`,
    );
  }
  try {
    return await run(seen);
  } finally {
    seen.end();
  }
}

/** Whether an error is the signal's own: the work was ended, and nothing went wrong. */
export function isEnded(error: unknown, signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true && error === signal.reason;
}
