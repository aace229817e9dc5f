import { type CertifyOptions, certifyBatch, type ExampleVerdict } from "../certify/certify.js";
import type { Backend } from "../compute/backend.js";
import { UsageError } from "../errors.js";
import type { Network } from "../network/network.js";
import type { Parameters } from "../network/weights.js";
import type { BallSpec } from "../threat/ball.js";
import { type Guarantee, weakest } from "../threat/guarantee.js";
import { pickBalls, pickColumns } from "../threat/pick.js";

/** One network of a cascade, on a backend. */
export interface Stage {
  readonly network: Network;
  readonly parameters: Parameters;
}

/** The verdict on one example. */
export interface CascadeVerdict extends ExampleVerdict {
  /** The stage that answers, from 0: the first that certifies, else the last. */
  readonly stage: number;
}

/** The verdicts on a batch. */
export interface CascadeBatchVerdict {
  /** The weakest of what the stages' bounds are worth. */
  readonly guarantee: Guarantee;
  /** One an example, in order. */
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
  backend: Backend,
  stages: readonly Stage[],
  x: Float64Array,
  examples: number,
  ball: BallSpec,
  labels: Int32Array | null,
  options: CertifyOptions = {},
): Promise<CascadeBatchVerdict> {
  if (stages.length === 0) throw new UsageError("cascade: expected at least one stage, got none");
  if (stages.length > 1 && options.estimator) {
    throw new UsageError("cascade: expected exact bounds, got an estimator; take a stage by itself");
  }
  const bound = async ({ network, parameters }: Stage, indices: readonly number[], own: CertifyOptions) => {
    const all = indices.length === examples;
    return certifyBatch(
      backend,
      network,
      parameters,
      all ? x : pickColumns(x, examples, indices),
      indices.length,
      pickBalls(ball, indices),
      labels && Int32Array.from(indices, (b) => labels[b]),
      own,
    );
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
