import type { CertifyOptions } from "../certify/certify.js";
import type { PlacedNetwork } from "../network/weights.js";
import type { LabelledBatch } from "../threat/batch.js";
import { type CertifyStage, certifyCascade } from "./certify-cascade.js";

/** The errors of a model over all its examples, as fractions from 0 to 1. */
export interface Errors {
  /** How many there were. */
  readonly examples: number;
  /** Of examples as they are: the standard error. */
  readonly error: number;
  /** An example counts as right only if it is certified and the prediction is its label. */
  readonly robustError: number;
}

/** How many examples there are, are answered right, and are certified with a right answer. */
export interface CertifiedCounts {
  readonly examples: number;
  readonly right: number;
  readonly robust: number;
}

/** What `certifiedErrors` is made of, so that counts of parts of the examples add up. */
export async function certifiedCounts(
  stages: readonly PlacedNetwork[],
  batches: Iterable<LabelledBatch>,
  options: CertifyOptions,
  onBatch: () => void | Promise<void> = () => {},
  certifyStage?: CertifyStage,
): Promise<CertifiedCounts> {
  let [examples, right, robust] = [0, 0, 0];
  for (const { x, labels } of batches) {
    const verdict = await certifyCascade(
      stages,
      { x, labels },
      { ...options, margins: "open" },
      certifyStage,
    );
    verdict.examples.forEach(({ prediction, certified }, b) => {
      if (prediction === labels[b]) right += 1;
      if (prediction === labels[b] && certified) robust += 1;
    });
    examples += labels.length;
    await onBatch();
  }
  return { examples, right, robust };
}

/**
 * Standard and robust error of a model or of a cascade; margins that the box proves are left out, as verdicts are the
 * same. The robust error of a model bounds its error under any attack within the ball from above. That of a cascade
 * (Section 3.3) bounds it for the network of the stage that answers each example as it is, and not for the cascade's own
 * answers: a changed input may go to another stage (`switchCascade`). `onBatch` is called after each batch.
 */
export async function certifiedErrors(
  stages: readonly PlacedNetwork[],
  batches: Iterable<LabelledBatch>,
  options: CertifyOptions,
  onBatch?: () => void | Promise<void>,
  certifyStage?: CertifyStage,
): Promise<Errors> {
  return errorsOf(await certifiedCounts(stages, batches, options, onBatch, certifyStage));
}

/** The errors that counts come to. */
export function errorsOf({ examples, right, robust }: CertifiedCounts): Errors {
  return { examples, error: 1 - right / examples, robustError: 1 - robust / examples };
}
