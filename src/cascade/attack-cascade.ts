import { type AttackOptions, type AttackVerdict, attackBatch } from "../attack/attack.js";
import type { Backend } from "../compute/backend.js";
import type { DualOptions } from "../dual/dual-network.js";
import type { BallSpec } from "../threat/ball.js";
import { pickBalls, pickColumns } from "../threat/pick.js";
import { certifyCascade, type Stage } from "./certify-cascade.js";

/** What attacks found on one example of a cascade. */
export interface CascadeAttackVerdict extends AttackVerdict {
  /** The stage that answers the example as it is, whose network was attacked. */
  readonly stage: number;
}

/**
 * Attacks a batch: of each example the stage that answers it (`certifyCascade`), as it is this network that the
 * cascade's certificate is about. An attack may move an example to where another stage would answer; that is not
 * counted. x is feature-major `[features, examples]`; `bound` is the method by which stages certify, `parallel` by default.
 */
export async function attackCascade(
  backend: Backend,
  stages: readonly Stage[],
  x: Float64Array,
  labels: Int32Array,
  ball: BallSpec,
  options: AttackOptions & { readonly bound?: DualOptions["method"] } = {},
): Promise<CascadeAttackVerdict[]> {
  const { bound = "parallel", firstExample = 0, ...attack } = options;
  const examples = labels.length;
  if (stages.length === 1) {
    const [{ network, parameters }] = stages;
    const verdicts = await attackBatch(backend, network, parameters, x, labels, ball, {
      ...attack,
      firstExample,
    });
    return verdicts.map((verdict) => ({ ...verdict, stage: 0 }));
  }
  const { examples: answers } = await certifyCascade(backend, stages, x, examples, ball, null, {
    method: bound,
    margins: "open",
  });
  const verdicts: CascadeAttackVerdict[] = new Array(examples);
  for (const [stage, { network, parameters }] of stages.entries()) {
    const own = answers.flatMap((answer, b) => (answer.stage === stage ? [b] : []));
    if (own.length === 0) continue;
    const found = await attackBatch(
      backend,
      network,
      parameters,
      pickColumns(x, examples, own),
      Int32Array.from(own, (b) => labels[b]),
      pickBalls(ball, own),
      { ...attack, numbers: own.map((b) => firstExample + b) },
    );
    for (const [i, b] of own.entries()) verdicts[b] = { ...found[i], stage };
  }
  return verdicts;
}
