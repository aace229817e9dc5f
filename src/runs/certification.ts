import { certifyCascade, type Stage } from "../cascade/certify-cascade.js";
import type { Against } from "../certify/certify.js";
import type { Backend } from "../compute/backend.js";
import type { Dataset } from "../data/dataset.js";
import type { BoundMethod, DualOptions } from "../dual/dual-network.js";
import type { BallSpec } from "../threat/ball.js";
import type { Guarantee } from "../threat/guarantee.js";
import { provesAllMargins } from "../threat/verdict.js";
import type { Estimation } from "./certification-estimator.js";
import { inOrder } from "./example-batches.js";
import { nextTurn } from "./next-turn.js";
import type { Output } from "./output.js";
import { formatPercent } from "./wording.js";

/** A model on a backend: one network, or the stages of a cascade. */
export interface PlacedModel {
  readonly backend: Backend;
  readonly stages: readonly Stage[];
}

export interface CertificationSettings {
  readonly ball: BallSpec;
  readonly method: BoundMethod;
  readonly against: Against;
  readonly batch: number;
  readonly margins?: "all" | "open";
  /** Told of every layer of every batch. */
  readonly onLayer?: DualOptions["onLayer"];
  /** Bytes that a piece of work may take. */
  readonly pieceBytes?: number;
  /** Absent: exact bounds. */
  readonly estimation?: Estimation | null;
}

/** The verdict on one example, as it stands in the JSON. */
export interface CertifiedExample {
  readonly index: number;
  readonly label: number;
  readonly prediction: number;
  readonly certified: boolean;
  /** The stage of a cascade that answered; 0 for a single model. */
  readonly stage: number;
  readonly marginLower: readonly number[];
}

/** Fractions of the examples, and the time that it took. */
export interface CertificationSummary {
  readonly error: number;
  /** An example counts as right only if it is certified and the prediction is its label. */
  readonly robustError: number;
  readonly certified: number;
  /** Where bounds are estimates, which certify nothing: the robust error that they suggest. */
  readonly estimatedRobustError?: number;
  readonly examplesPerSecond: number;
  readonly seconds: number;
}

export interface Certification {
  readonly guarantee: Guarantee;
  readonly summary: CertificationSummary;
  readonly examples: readonly CertifiedExample[];
}

/** Certifies a data set in its own order. Null if the signal aborts on the way. */
export async function certifyDataset(
  { backend, stages }: PlacedModel,
  dataset: Dataset,
  { ball, method, against, margins, batch, onLayer, pieceBytes, estimation }: CertificationSettings,
  output: Output,
  signal?: AbortSignal,
): Promise<Certification | null> {
  const began = performance.now();
  const examples: CertifiedExample[] = [];
  let guarantee: Guarantee = "exact";
  const progress = output.progress({ label: "certify", total: dataset.count });
  try {
    for (const { x, labels, first } of inOrder(dataset, batch)) {
      const verdict = await certifyCascade(backend, stages, x, labels.length, ball, labels, {
        method,
        against,
        ...(margins && { margins }),
        ...(onLayer && { onLayer }),
        ...(pieceBytes !== undefined && { pieceBytes }),
        ...(estimation && { estimator: estimation.estimatorFor(first) }),
      });
      guarantee = verdict.guarantee;
      verdict.examples.forEach(({ prediction, certified, stage, marginLower }, i) => {
        examples.push({ index: first + i, label: labels[i], prediction, certified, stage, marginLower });
      });
      progress.update(
        examples.length,
        `robust error ${formatPercent(errors(examples).robustError, "upper")}`,
      );
      await nextTurn();
      if (signal?.aborted) return null;
    }
  } finally {
    progress.stop();
  }
  const seconds = (performance.now() - began) / 1000;
  return {
    guarantee,
    summary: {
      ...errors(examples),
      ...(guarantee === "estimate" && { estimatedRobustError: estimatedRobustError(examples) }),
      examplesPerSecond: examples.length / seconds,
      seconds,
    },
    examples,
  };
}

/** Fraction without a right prediction whose margins are all estimated to be above 0. */
function estimatedRobustError(examples: readonly CertifiedExample[]): number {
  const robust = examples.filter(
    ({ label, prediction, marginLower }) =>
      prediction === label && provesAllMargins({ reference: prediction, marginLower }),
  );
  return 1 - robust.length / examples.length;
}

function errors(
  examples: readonly CertifiedExample[],
): Pick<CertificationSummary, "error" | "robustError" | "certified"> {
  const share = (holds: (example: CertifiedExample) => boolean): number =>
    examples.filter(holds).length / examples.length;
  return {
    error: share(({ label, prediction }) => prediction !== label),
    robustError: share(({ label, prediction, certified }) => !(certified && prediction === label)),
    certified: share(({ certified }) => certified),
  };
}
