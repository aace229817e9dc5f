import { medianRows, normRows, scaleBy } from "../autodiff/index.js";
import { repeatOwners } from "../compute/owners.js";
import { noise } from "../compute/random-noise.js";
import type { Estimator, SketchForm } from "../dual/estimator.js";

/** Settings of `medianEstimator`. */
export interface MedianSettings {
  /** r: from 1 up. */
  readonly dimension: number;
  /** Default `joint`. */
  readonly form?: SketchForm;
  /** Default `wider`. */
  readonly when?: Estimator["when"];
  /** Whether the first affine layer is projected, too. Default: in the per-term form alone, as in Algorithm 1. */
  readonly firstLayer?: boolean;
  readonly seed: number;
  /** Names the sketch: another path, another sketch. */
  readonly path?: readonly (string | number)[];
  /** As of `Noise`: an example's projections do not depend on the others of its batch. */
  readonly examples?: ArrayLike<number>;
}

/**
 * The paper's estimator (Section 3.2, Theorem 2): of an ℓ1 norm the median of |Cauchy projections|, of an ℓ2 norm (Appendix
 * H) the root of the mean square of normal ones. An estimate: it certifies nothing. Gradients pass through the entry
 * that is the median.
 */
export function medianEstimator({ dimension, seed, ...settings }: MedianSettings): Estimator {
  const { form = "joint", when = "wider", firstLayer = form === "per-term", path = [], examples } = settings;
  return {
    dimension,
    form,
    when,
    firstLayer,
    guarantee: "estimate",
    sketches: 1,
    independent: false,
    noise: (distribution, origin) => ({
      ...noise(distribution, seed, "median", ...path, origin),
      ...(examples && { examples }),
    }),
    estimate(tape, projections, order) {
      if (order === 1) return medianRows(tape, projections, dimension).value;
      const examples = projections.value.rows / dimension;
      const norm = normRows(tape, projections, repeatOwners(dimension), examples, 2);
      return scaleBy(tape, norm, 1 / Math.sqrt(dimension));
    },
  };
}
