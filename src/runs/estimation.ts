import type { Backend } from "../compute/backend.js";
import type { Estimator, SketchForm } from "../dual/estimator.js";
import { UsageError } from "../errors.js";
import { countEstimates } from "../estimators/count.js";
import { geometricMeanEstimator } from "../estimators/geometric-mean.js";
import { medianEstimator } from "../estimators/median.js";
import { type TailBound, tailBound } from "../estimators/tail.js";
import type { Network } from "../network/network.js";
import { sizeOf } from "../network/shape.js";
import type { Guarantee } from "../threat/guarantee.js";
import type { CertificateFlags } from "./projection-options.js";
import { formatCount, formatNumber } from "./wording.js";

/** How a certification estimates, and what that is worth. */
export interface Estimation {
  readonly guarantee: Exclude<Guarantee, "exact">;
  readonly dimension: number;
  readonly form: SketchForm;
  /** For certificates that hold with a probability. */
  readonly tail: TailBound | null;
  /** The estimator of the batch that begins with this example. */
  estimatorFor(first: number): Estimator;
}

/** What the flags ask for; null for exact bounds. A `UsageError` for a δ that cannot be reached. */
export function readEstimation(
  flags: CertificateFlags & { readonly seed: number },
  network: Network,
): Estimation | null {
  const { projections: dimension, sketch: form, delta, sketches, seed } = flags;
  if (dimension === "exact") return null;
  if (delta === undefined) {
    return {
      guarantee: "estimate",
      dimension,
      form,
      tail: null,
      estimatorFor: (first) => medianEstimator({ dimension, form, seed, path: ["certify", first] }),
    };
  }
  const tail = readTail(dimension, sketches, delta, countEstimates(network, dimension, form));
  return {
    guarantee: "probability",
    dimension,
    form,
    tail,
    estimatorFor: (first) => geometricMeanEstimator({ tail, form, seed, path: ["certify", first] }),
  };
}

function readTail(dimension: number, sketches: number, delta: number, estimates: number): TailBound {
  try {
    return tailBound(dimension, sketches, delta, estimates);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`--${error.message}`);
    throw error;
  }
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
  const widest = Math.max(...nodes.map(({ shape }) => sizeOf(shape)));
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

/** What the bounds are worth, for the table of figures. */
export function estimationFigures({ dimension, form, tail }: Estimation): [name: string, value: string][] {
  const projections: [string, string] = ["random projections", `${form}, r = ${dimension}`];
  if (!tail) return [projections];
  const { sketches, delta, estimates, epsilon } = tail;
  return [
    ["probability of each certificate", `at least ${formatNumber(1 - delta)}`],
    [projections[0], `${projections[1]}, the largest of m = ${sketches}`],
    ["estimates an example", `N = ${formatCount(estimates)}, divided by 1 - ${formatNumber(epsilon)}`],
  ];
}
