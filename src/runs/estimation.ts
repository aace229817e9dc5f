import type { Backend } from "../compute/backend.js";
import { largestOf } from "../compute/extremes.js";
import type { Estimator, SketchForm } from "../dual/estimator.js";
import { countEstimates } from "../estimators/count.js";
import { geometricMeanEstimator } from "../estimators/geometric-mean.js";
import { medianEstimator } from "../estimators/median.js";
import { type TailBound, tailBound } from "../estimators/tail.js";
import type { Network } from "../network/network.js";
import { sizeOf } from "../network/shape.js";
import type { Guarantee } from "../threat/guarantee.js";

/** How a certification estimates, and what that is worth. */
export interface Estimation {
  readonly guarantee: Exclude<Guarantee, "deterministic">;
  readonly dimension: number;
  readonly form: SketchForm;
  /** For certificates that hold with a probability. */
  readonly tail: TailBound | null;
  /** The estimator of the examples of these numbers; each has random numbers of its own, whatever its batch. */
  estimatorFor(examples: Int32Array): Estimator;
}

/** What is asked of random projections. */
export interface EstimationSettings {
  /** The projection dimension r, or `exact` for no projections. */
  readonly projections: number | "exact";
  readonly sketch: SketchForm;
  /** Absent: estimates, which certify nothing. */
  readonly delta?: number;
  /** The largest of so many sketches counts; only where there is a δ. */
  readonly sketches: number;
  readonly seed: number;
}

/** How a network's bounds are estimated; null for none. A `UsageError` for a δ that cannot be reached. */
export function estimationOf(
  { projections: dimension, sketch: form, delta, sketches, seed }: EstimationSettings,
  network: Network,
): Estimation | null {
  if (dimension === "exact") return null;
  if (delta === undefined) {
    return {
      guarantee: "estimate",
      dimension,
      form,
      tail: null,
      estimatorFor: (examples) => medianEstimator({ dimension, form, seed, path: ["certify"], examples }),
    };
  }
  const tail = tailBound(dimension, sketches, delta, countEstimates(network, dimension, form));
  return {
    guarantee: "probability",
    dimension,
    form,
    tail,
    estimatorFor: (examples) => geometricMeanEstimator({ tail, form, seed, path: ["certify"], examples }),
  };
}

/** Tensors of projections that are alive at once, and what they may take where no budget is given. */
const TENSORS_AT_ONCE = 4;
const DEFAULT_MEMORY = 2 ** 30;

/** How many examples may be projected at a time. */
export function batchWithin(
  { dimension }: Estimation,
  { nodes }: Network,
  { dtype }: Backend,
  batch: number,
  memory = DEFAULT_MEMORY,
): number {
  const widest = largestOf(nodes.map(({ shape }) => sizeOf(shape)));
  const bytes = TENSORS_AT_ONCE * dimension * widest * (dtype === "float64" ? 8 : 4);
  return Math.max(1, Math.min(batch, Math.floor(memory / bytes)));
}

/** In the JSON, beside `guarantee` and `delta`. */
export function estimationRecord({ dimension, form, tail }: Estimation) {
  return {
    projections: dimension,
    sketch: form,
    ...(tail && { sketches: tail.sketches, estimates: tail.estimates, tailEpsilon: tail.epsilon }),
  };
}
