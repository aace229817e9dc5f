import { geometricMeanRows, scaleBy } from "../autodiff/index.js";
import { noise } from "../compute/random-noise.js";
import type { Estimator, SketchForm } from "../dual/estimator.js";
import { UsageError } from "../errors.js";
import type { TailBound } from "./tail.js";

/** Settings of `geometricMeanEstimator`. */
export interface GeometricMeanSettings {
  /** Dimension, sketches and ε_tail, by `tailBound`. */
  readonly tail: TailBound;
  /** Default `joint`. */
  readonly form?: SketchForm;
  readonly seed: number;
  /** Names the sketches: another path, other sketches. */
  readonly path?: readonly (string | number)[];
  /** As of `Noise`: an example's projections do not depend on the others of its batch. */
  readonly examples?: ArrayLike<number>;
}

/**
 * Upper bounds of ℓ1 norms that hold together with probability 1 − δ (Appendix E): the largest of m geometric means of r
 * |Cauchy projections|, divided by 1 − ε_tail. Every node takes random numbers of its own: its lines below were shaped
 * by others, so that they are fixed when its projections are drawn, as the tail bound asks. Its `estimate` throws a
 * `UsageError` for ℓ2 balls.
 */
export function geometricMeanEstimator({ tail, seed, ...settings }: GeometricMeanSettings): Estimator {
  const { form = "joint", path = [], examples } = settings;
  const { dimension, sketches, epsilon } = tail;
  return {
    dimension,
    form,
    when: "wider",
    firstLayer: form === "per-term",
    guarantee: "probability",
    sketches,
    budget: tail.estimates,
    independent: true,
    noise: (distribution, origin, target, sketch) => ({
      ...noise(distribution, seed, "geometric", ...path, target, sketch, origin),
      ...(examples && { examples }),
    }),
    estimate(tape, projections, order) {
      if (order !== 1) {
        throw new UsageError(
          "projections with delta: expected an linf ball, as the tail bound is one of Cauchy projections, got l2",
        );
      }
      return scaleBy(tape, geometricMeanRows(tape, projections, dimension), 1 / (1 - epsilon));
    },
  };
}
