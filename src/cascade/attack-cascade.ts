import { type AttackOptions, type AttackVerdict, attackBatch } from "../attack/attack.js";
import type { BoundMethod } from "../dual/dual-options.js";
import type { PlacedNetwork } from "../network/weights.js";
import type { LabelledBatch } from "../threat/batch.js";
import { pickBalls, pickExamples } from "../threat/pick.js";
import { certifyCascade } from "./certify-cascade.js";

/** What attacks found on one example of a cascade. */
export interface CascadeAttackVerdict extends AttackVerdict {
  /** The stage that answers the example as it is, whose network was attacked. */
  readonly stage: number;
}

/** Within which balls, how hard, and by which bounds stages certify (default `parallel`). */
export interface CascadeAttackOptions extends AttackOptions {
  readonly method?: BoundMethod;
}

/**
 * Attacks a batch: of each example the stage that answers it (`certifyCascade`), as it is this network that the
 * cascade's certificate is about. An attack may move an example to where another stage would answer; that is not
 * counted. x is feature-major `[features, examples]`; `method` is that by which stages certify, `parallel` by default.
 */
export async function attackCascade(
  stages: readonly PlacedNetwork[],
  batch: LabelledBatch,
  options: CascadeAttackOptions,
): Promise<CascadeAttackVerdict[]> {
  const { method = "parallel", firstExample = 0, numbers, onMisled, ...attack } = options;
  if (stages.length === 1) {
    const told = onMisled && { onMisled };
    const verdicts = await attackBatch(stages[0], batch, {
      ...attack,
      ...told,
      firstExample,
      ...(numbers && { numbers }),
    });
    return verdicts.map((verdict) => ({ ...verdict, stage: 0 }));
  }
  const { x } = batch;
  const examples = batch.labels.length;
  const { norm, epsilon, box, signal } = options;
  const bounds = {
    norm,
    epsilon,
    box: box ?? null,
    method,
    margins: "open",
    ...(signal && { signal }),
  } as const;
  const { examples: answers } = await certifyCascade(stages, { x }, bounds);
  const verdicts: CascadeAttackVerdict[] = new Array(examples);
  for (const [stage, network] of stages.entries()) {
    const own = answers.flatMap((answer, b) => (answer.stage === stage ? [b] : []));
    if (own.length === 0) continue;
    const found = await attackBatch(network, pickExamples(batch, examples, own), {
      ...pickBalls(attack, own),
      numbers: own.map((b) => numbers?.[b] ?? firstExample + b),
      ...(onMisled && { onMisled: (i, ...found) => onMisled(own[i], ...found) }),
    });
    for (const [i, b] of own.entries()) verdicts[b] = { ...found[i], stage };
  }
  return verdicts;
}
