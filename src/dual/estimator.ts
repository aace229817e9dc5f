import type { Tape, Variable } from "../autodiff/index.js";
import type { NormOrder } from "../compute/backend.js";
import type { Noise } from "../compute/noise.js";
import type { Guarantee } from "../threat/guarantee.js";

/**
 * How sums over generators become projections. `joint`: all ℓ1 terms are the ℓ1 norm of one stacked vector, so that one
 * stream of Cauchy projections estimates them together. `per-term`: a stream for the input and one for each activation,
 * each with an estimate of its own (Theorem 2, Algorithm 1).
 */
export type SketchForm = "joint" | "per-term";
/** Every `SketchForm`. */
export const SKETCH_FORMS: readonly SketchForm[] = ["joint", "per-term"];

/**
 * Estimates the radii of a node from random projections of its generators (Section 3.2). The dual network projects; an
 * estimator says how often, with which random numbers, and what the projections tell.
 */
export interface Estimator {
  /** The projection dimension r. */
  readonly dimension: number;
  /** How sums over generators are projected. */
  readonly form: SketchForm;
  /**
   * `wider` projects wherever a layer has more than r neurons, as the paper does; `cheaper` where that takes fewer
   * operations than rows for the unstable neurons; `always` every layer, to measure what estimates are worth.
   */
  readonly when: "wider" | "cheaper" | "always";
  /** Whether the first affine layer above the input is projected, too, though its radius can be had exactly. */
  readonly firstLayer: boolean;
  /** What bounds are worth once any of them was estimated. */
  readonly guarantee: Exclude<Guarantee, "deterministic">;
  /** How often a node is projected; of each term the largest estimate counts. */
  readonly sketches: number;
  /** The most estimates per example that `guarantee` has room for; absent where it has room for any. */
  readonly budget?: number;
  /**
   * Whether each node that is bounded gets random numbers of its own, independent of those that shaped the lines below
   * it. Otherwise projections are pushed on from node to node.
   */
  readonly independent: boolean;
  /** The random numbers of what arises at node `origin`, on the way to node `target` (−1: any), in sketch number `sketch`. */
  noise(distribution: Noise["distribution"], origin: number, target: number, sketch: number): Noise;
  /**
   * Estimates of norms from their projections `[f, C·r]` → `[f, C]`: of order 1 from Cauchy projections, of order 2 from
   * normal ones.
   */
  estimate(tape: Tape, projections: Variable, order: 1 | 2): Variable;
}

/** The random numbers whose projections tell a norm: Cauchy ones are 1-stable, normal ones 2-stable. */
export function distributionOf(order: NormOrder): Noise["distribution"] {
  return order === 1 ? "cauchy" : "normal";
}
