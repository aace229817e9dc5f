import type { CertifyOptions } from "../certify/certify.js";
import type { PlacedNetwork } from "../network/weights.js";
import type { LabelledBatch } from "../threat/batch.js";
import { certifyCascade } from "./certify-cascade.js";

/**
 * The examples that no stage certifies, by their number in the order of the batches: what the next stage is trained on
 * (Algorithm 2). A certified answer that is wrong does not remain either: no later stage would be asked. `onBatch` is told
 * after each batch how many examples are done.
 */
export async function remainingExamples(
  stages: readonly PlacedNetwork[],
  batches: Iterable<LabelledBatch>,
  options: CertifyOptions,
  onBatch: (done: number) => void | Promise<void> = () => {},
): Promise<number[]> {
  const remaining: number[] = [];
  let first = 0;
  for (const { x, labels } of batches) {
    const verdict = await certifyCascade(stages, { x, labels }, { ...options, margins: "open" });
    verdict.examples.forEach(({ certified }, b) => {
      if (!certified) remaining.push(first + b);
    });
    first += labels.length;
    await onBatch(first);
  }
  return remaining;
}
