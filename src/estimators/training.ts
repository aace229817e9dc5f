import type { Estimator, SketchForm } from "../dual/estimator.js";
import { type MedianSettings, medianEstimator } from "./median.js";

/**
 * How training bounds: `exact`, without projections; r random projections wherever a layer is wider than that, as the
 * paper does; or `auto`, where the planner takes projections for the layers that they bound at a lower cost than rows would.
 */
export type TrainingProjections = number | "exact" | "auto";

/** The projection dimension of `auto`: the paper's. */
export const AUTO_DIMENSION = 50;

/** Beyond this, projections take more than deterministic bounds of any network that fits into memory. */
export const MOST_PROJECTIONS = 100_000;

/** The estimator of a step, a new sketch for each path; null for deterministic bounds. */
export function trainingEstimator(
  projections: TrainingProjections,
  settings: Pick<MedianSettings, "examples" | "path" | "seed"> & { readonly form: SketchForm },
): Estimator | null {
  if (projections === "exact") return null;
  if (projections === "auto")
    return medianEstimator({ ...settings, dimension: AUTO_DIMENSION, when: "cheaper" });
  return medianEstimator({ ...settings, dimension: projections });
}
