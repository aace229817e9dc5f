import { attackBatch } from "../attack/attack.js";
import type { Budget } from "../compute/budget.js";
import type { Deadline } from "../compute/deadline.js";
import { type Dataset, examples } from "../data/dataset.js";
import type { PlacedNetwork } from "../network/weights.js";
import type { BallSpec } from "../threat/ball.js";
import type { CertifiedExample } from "./certification-summary.js";
import { examplesWithin } from "./memory.js";
import { isEnded, observed, type Watch } from "./observer.js";

/** What PGD found among examples that are right and not certified. */
export interface AttackedAmong {
  /** Numbers of the examples whose answer it really changes. */
  readonly changed: ReadonlySet<number>;
  /** How many it tried, and of how many: fewer where the time was over. */
  readonly tried: number;
  readonly of: number;
}

/** Milliseconds that a timer can count. */
const LONGEST = 2 ** 31 - 1;

interface AttackAmongSettings {
  readonly ball: BallSpec;
  /** Examples at a time. */
  readonly batch: number;
  readonly seed: number;
  readonly deadline: Deadline;
  /** What all tensors may take: fewer examples at a time where it asks for them. */
  readonly budget: Budget;
}

/**
 * Attacks by PGD, with the default steps and starts, the examples whose answers are right and not certified: of a cascade the stage that
 * answered. Starts are those of `attackDataset` by the same seed. The deadline and the observer's signal end it, and what was found
 * stays.
 */
export async function attackUncertified(
  stages: readonly PlacedNetwork[],
  dataset: Dataset,
  verdicts: readonly CertifiedExample[],
  { ball, batch, seed, deadline, budget }: AttackAmongSettings,
  watch: Watch = {},
): Promise<AttackedAmong> {
  const open = verdicts.filter(({ label, prediction, certified }) => prediction === label && !certified);
  const ends = [
    ...(watch.signal ? [watch.signal] : []),
    ...(deadline.isTimed ? [AbortSignal.timeout(Math.min(LONGEST, Math.ceil(1000 * deadline.left)))] : []),
  ];
  const signal = ends.length > 0 ? AbortSignal.any(ends) : undefined;
  const changed = new Set<number>();
  let tried = 0;
  await observed(watch, { name: "attack", total: open.length }, async (seen) => {
    try {
      for (const [stage, network] of stages.entries()) {
        const own = open.filter((example) => example.stage === stage);
        const most = examplesWithin(budget, network.backend, [network.network], batch);
        for (let first = 0; first < own.length; first += most) {
          if (deadline.passed) return;
          const numbers = own.slice(first, first + most).map(({ index }) => index);
          const found = await attackBatch(network, examples(dataset, numbers), {
            ...ball,
            seed,
            numbers,
            ...(signal && { signal }),
          });
          for (const [i, { wrong, pgd }] of found.entries()) if (pgd && !wrong) changed.add(numbers[i]!);
          tried += numbers.length;
          seen.update(tried, { pgdError: changed.size / tried });
        }
      }
    } catch (error) {
      if (!isEnded(error, signal)) throw error;
    }
  });
  return { changed, tried, of: open.length };
}
