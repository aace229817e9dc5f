import type { Dataset } from "../data/dataset.js";
import { UsageError } from "../errors.js";
import type { BallSpec, Epsilon, Norm } from "../threat/ball.js";
import { type Box, type BoxByFeature, isByFeature } from "../threat/box.js";

/** The ball around an image: ε alone must be given. */
export interface BallOptions {
  /** The radius, in the units of the data: one number, one for each image, or one for each input feature. */
  readonly epsilon: Epsilon;
  /** Default `linf`. */
  readonly norm?: Norm;
  /**
   * What an ℓ∞ ball is cut by, one box for all input features or bounds for each; null for nothing. Default: of ℓ∞ the bounds that the
   * data have, else [0, 1]; of other norms nothing.
   */
  readonly box?: Box | BoxByFeature | null;
}

/** The ball that options ask for, around examples of the data. */
export function ballOf({ epsilon, norm = "linf", box }: BallOptions, data?: Pick<Dataset, "box">): BallSpec {
  return { norm, epsilon, box: box === undefined ? defaultBox(norm, data) : box };
}

/** Where data do not say it, pixels lie in [0, 1]. */
export function defaultBox(norm: Norm, data?: Pick<Dataset, "box">): Box | BoxByFeature | null {
  return norm === "linf" ? (data?.box ?? [0, 1]) : null;
}

/**
 * The box of calls that take none by feature. Throws a `UsageError` that begins with the call where bounds by feature are given, or are
 * the data's and no other box is given.
 */
export function uniformBox(
  call: string,
  { norm = "linf", box }: Omit<BallOptions, "epsilon">,
  data?: Pick<Dataset, "box">,
): Box | null {
  const found = box === undefined ? defaultBox(norm, data) : box;
  if (found === null || !isByFeature(found)) return found;
  const whose = box === undefined ? "the data's bounds by feature" : "bounds by feature";
  throw new UsageError(`${call}: box: expected one box for all features or null, found ${whose}`);
}
