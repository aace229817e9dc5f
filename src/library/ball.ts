import type { BallSpec, Box, Epsilon, Norm } from "../threat/ball.js";

/** The ball around an image: ε alone must be given. */
export interface BallOptions {
  /** The radius, in the units of the data: one number, one for each image, or one for each input feature. */
  readonly epsilon: Epsilon;
  /** Default `linf`. */
  readonly norm?: Norm;
  /** What an ℓ∞ ball is cut by; null for nothing. Default [0, 1] of ℓ∞, nothing of others. */
  readonly box?: Box | null;
}

/** The ball that options ask for. */
export function ballOf({ epsilon, norm = "linf", box }: BallOptions): BallSpec {
  return { norm, epsilon, box: box === undefined ? defaultBox(norm) : box };
}

/** Pixels lie in [0, 1]. */
export function defaultBox(norm: Norm): Box | null {
  return norm === "linf" ? [0, 1] : null;
}
