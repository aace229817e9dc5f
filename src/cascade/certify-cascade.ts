import {
  type BatchVerdict,
  type CertifyOptions,
  certifyBatch,
  type ExampleVerdict,
} from "../certify/certify.js";
import { UsageError } from "../errors.js";
import { sizeOf } from "../network/shape.js";
import type { PlacedNetwork } from "../network/weights.js";
import { type Batch, countExamples } from "../threat/batch.js";
import { type Guarantee, weakest } from "../threat/guarantee.js";
import { pickBalls, pickExamples } from "../threat/pick.js";

/** How a stage certifies a batch. */
export type CertifyStage = (
  stage: PlacedNetwork,
  batch: Batch,
  options: CertifyOptions,
) => Promise<BatchVerdict>;

/** The verdict on one example. */
export interface CascadeVerdict extends ExampleVerdict {
  /** The stage that answers, from 0: the first that certifies, else the last. */
  readonly stage: number;
}

/** The verdicts on a batch. */
export interface CascadeBatchVerdict {
  /** The weakest of what the stages' bounds are worth. */
  readonly guarantee: Guarantee;
  /** One per example, in order. */
  readonly examples: readonly CascadeVerdict[];
}

/**
 * Certifies a batch by a cascade (Section 3.3, Algorithm 2). The cascade's answer is that of the first stage whose own
 * answer is certified within the ball; if none is, the last stage's, which is not certified. What is certified is the
 * answering stage's network: no point of the ball changes its answer. A changed input may go to another stage
 * (`switchCascade`). A single model is a cascade of one stage.
 *
 * With `against: "label"` the answering stage is the same, and its margins are those of the label.
 * x is feature-major `[features, examples]`, in the data's units. Throws a `UsageError` for no stage, and for an
 * estimator with several stages, as a probability of each stage's bounds is none of the choice among them; and what
 * `certifyBatch` throws.
 */
export async function certifyCascade(
  stages: readonly PlacedNetwork[],
  batch: Batch,
  options: CertifyOptions,
  certifyStage: CertifyStage = certifyBatch,
): Promise<CascadeBatchVerdict> {
  if (stages.length === 0) throw new UsageError("cascade: expected at least one stage, got none");
  if (stages.length > 1 && options.estimator) {
    throw new UsageError("cascade: expected deterministic bounds, got an estimator; take a stage by itself");
  }
  const examples = countExamples(batch, sizeOf(stages[0].network.inputShape));
  const bound = (stage: PlacedNetwork, indices: readonly number[], own: CertifyOptions) => {
    if (indices.length === examples) return certifyStage(stage, batch, own);
    return certifyStage(stage, pickExamples(batch, examples, indices), pickBalls(own, indices));
  };
  const verdicts: CascadeVerdict[] = new Array(examples);
  const guarantees: Guarantee[] = [];
  const several = stages.length > 1;
  let open = Array.from({ length: examples }, (_, b) => b);
  for (const [stage, own] of stages.entries()) {
    if (open.length === 0) break;
    const asked = several ? { ...options, against: "prediction" as const } : options;
    const verdict = await bound(own, open, asked);
    guarantees.push(verdict.guarantee);
    const answered = (i: number) => verdict.examples[i].certified || stage === stages.length - 1;
    for (const [i, b] of open.entries()) if (answered(i)) verdicts[b] = { ...verdict.examples[i], stage };
    open = open.filter((_, i) => !answered(i));
  }
  if (several && options.against === "label") {
    for (const [stage, own] of stages.entries()) {
      const answered = verdicts.flatMap((verdict, b) => (verdict.stage === stage ? [b] : []));
      if (answered.length === 0) continue;
      const verdict = await bound(own, answered, options);
      for (const [i, b] of answered.entries()) verdicts[b] = { ...verdict.examples[i], stage };
    }
  }
  return { guarantee: weakest(guarantees), examples: verdicts };
}
