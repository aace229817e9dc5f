import { certifiedCounts, errorsOf } from "../../cascade/errors.js";
import { letIn } from "../../compute/deadline.js";
import { type Dataset, take } from "../../data/dataset.js";
import type { Team } from "../../distributed/team.js";
import type { PlacedNetwork } from "../../network/weights.js";
import type { EpochRow, TestRow, TrainConfig } from "../../train/config.js";
import type { Run } from "../../train/run-folder.js";
import type { Trainer } from "../../train/trainer.js";
import { boundsOfLoss, certifyStageOf } from "../bounds-of-loss.js";
import type { Certification } from "../certification-summary.js";
import { certifyTogether, ownExamples } from "../certify-together.js";
import { inOrder } from "../example-batches.js";
import type { Watch } from "../observer.js";
import { roundingRecord } from "../rounding-record.js";

/** Examples certified at a time; each verdict is its own, whatever the batch. */
const EVALUATION_BATCH = 20;

/** Whether an epoch is to be evaluated; on held-out examples, by which epochs are chosen, only those that may be. */
export function isDue(config: TrainConfig, row: EpochRow): boolean {
  const { every } = config.evaluation;
  if (every === 0 || row.epoch % every !== 0) return false;
  return config.validation === 0 || isCandidate(row, config);
}

/** Whether an epoch had reached the radius; the warm-up trains on none. */
function isCandidate(
  row: EpochRow,
  { epsilon, warmupEpochs }: Pick<TrainConfig, "epsilon" | "warmupEpochs">,
): boolean {
  return row.epoch > warmupEpochs && row.epsilon === epsilon.end;
}

/**
 * Errors of the model as it is now, or of a cascade with this model as its last stage, at the radius that training ends
 * with; each rank of the team certifies a share of the examples. Throws the reason of the team's signal.
 */
export async function evaluateEpoch(
  trainer: Trainer,
  earlier: readonly PlacedNetwork[],
  { test, heldOut = null }: { readonly test: Dataset; readonly heldOut?: Dataset | null },
  team: Team,
): Promise<TestRow> {
  const { norm, epsilon, box, evaluation } = trainer.config;
  const bounds = boundsOfLoss(trainer.config, earlier.length + 1);
  const examples = heldOut ?? take(test, evaluation.limit ?? test.count);
  const batches = inOrder(ownExamples(examples, team), EVALUATION_BATCH);
  const ball = { norm, epsilon: epsilon.end, box };
  const { signal } = team;
  const own = await certifiedCounts(
    [...earlier, trainer.placed],
    batches,
    {
      ...{ ...ball, method: bounds.method, ...(signal && { signal }) },
      // A wrong answer is an error whatever is proved of it; but in a cascade it keeps later stages from answering.
      ...(earlier.length === 0 && { against: "label" }),
    },
    () => letIn(signal),
    certifyStageOf(bounds),
  );
  const [counted, right, robust] = await team.sums([own.examples, own.right, own.robust]);
  signal?.throwIfAborted();
  return {
    ...errorsOf({ examples: counted, right, robust }),
    epsilon: epsilon.end,
    ...(earlier.length > 0 && { stages: earlier.length + 1 }),
    ...(heldOut && { heldOut: true }),
  };
}

/**
 * The epoch with the lowest robust error on test examples, or held-out ones, among those whose training had reached its radius, the warm-up
 * left out, which trains on no radius; the first of equals. Its choice saw these examples, so that on others the error is
 * likely to be higher.
 */
export function bestEpoch(
  rows: readonly EpochRow[],
  config: Pick<TrainConfig, "epsilon" | "warmupEpochs">,
): EpochRow | null {
  let best: EpochRow | null = null;
  for (const row of rows) {
    if (row.test === null || !isCandidate(row, config)) continue;
    if (best?.test == null || row.test.robustError < best.test.robustError) best = row;
  }
  return best;
}

/** Whether the best epoch is as many epochs ago as patience is left for it. */
export function isPatienceOver(
  rows: readonly EpochRow[],
  config: Pick<TrainConfig, "epsilon" | "warmupEpochs" | "patience">,
): boolean {
  const best = config.patience === null ? null : bestEpoch(rows, config);
  return best !== null && config.patience !== null && rows.length - best.epoch >= config.patience;
}

/** The final evaluation, by deterministic bounds, of which each rank does a share. Throws the signal's reason. */
export function evaluateRun(
  trainer: Trainer,
  test: Dataset,
  watch: Watch,
  team: Team,
): Promise<Certification> {
  const { norm, epsilon, box, testLimit } = trainer.config;
  const ball = { norm, epsilon: epsilon.end, box };
  const bounds = boundsOfLoss(trainer.config, 1);
  const settings = { ball, ...bounds, against: "prediction", batch: EVALUATION_BATCH } as const;
  return certifyTogether([trainer.placed], take(test, testLimit ?? test.count), settings, { watch, team });
}

/** What `run.json` keeps of the final evaluation. */
export function evaluationRecord(
  { config }: Run,
  { evaluation, summary, examples }: Certification,
): Run["evaluation"] {
  const { error, robustError, seconds } = summary;
  return {
    examples: examples.length,
    epsilon: config.epsilon.end,
    error,
    robustError,
    guarantee: "deterministic",
    bound: roundingRecord(evaluation),
    seconds,
  };
}
