import type { Backend, Dtype, NormOrder, Tensor } from "../compute/backend.js";
import { ShapeError, UsageError } from "../errors.js";
import { type Box, type BoxByFeature, boxReader, checkBox } from "./box.js";
import { differenceDown, differenceUp, rounded, roundUp, sumUp } from "./outward.js";

/** The norm of a ball: ℓ∞, ℓ2 or ℓ1. */
export type Norm = "linf" | "l2" | "l1";
export const NORMS: readonly Norm[] = ["linf", "l2", "l1"];

/**
 * The radius ε: one number for all, one per example, or one per input feature. In the units of the data. With one per
 * feature, ℓ2 and ℓ1 balls are ellipsoids: ‖δ/ε‖ ≤ 1.
 */
export type Epsilon = number | { readonly perExample: ArrayLike<number> } | EpsilonByFeature;

/** One radius per input feature, `[features]`. */
export interface EpsilonByFeature {
  readonly perFeature: ArrayLike<number>;
}

/** The perturbations that are allowed: {δ : ‖δ‖ ≤ ε}, with ℓ∞ perhaps cut by a box. */
export interface BallSpec {
  readonly norm: Norm;
  readonly epsilon: Epsilon;
  /** For ℓ∞ only: the ball is intersected with this box, one for all features or one for each. */
  readonly box?: Box | BoxByFeature | null;
}

/**
 * The perturbations of a batch of examples: centre x̂ and radius r, each `[features, examples]`. Its support function
 * is sup νᵀz = x̂ᵀν + ‖r ⊙ ν‖ in the dual norm, whose order is `dualOrder`.
 */
export interface Ball {
  /** What it was made of. */
  readonly spec: BallSpec;
  readonly centre: Tensor;
  readonly radius: Tensor;
  /** 1 for ℓ∞, 2 for ℓ2, ∞ for ℓ1. */
  readonly dualOrder: NormOrder;
  readonly examples: number;
  /** No radius is larger. */
  readonly mostEpsilon: number;
}

/** The order of the norm dual to the ball's: 1 for ℓ∞, 2 for ℓ2, ∞ for ℓ1. */
export function dualOrderOf(norm: Norm): NormOrder {
  switch (norm) {
    case "linf":
      return 1;
    case "l2":
      return 2;
    case "l1":
      return Number.POSITIVE_INFINITY;
    default:
      return norm satisfies never;
  }
}

/** Throws a `UsageError` unless norm, ε and box make sense. */
export function checkBallSpec(spec: BallSpec): void {
  if (!NORMS.includes(spec.norm)) {
    throw new UsageError(`norm: expected one of ${NORMS.join(", ")}, got "${spec.norm}"`);
  }
  const values = epsilonValues(spec.epsilon);
  const bad = values.findIndex((value) => !(value >= 0 && Number.isFinite(value)));
  if (bad >= 0) throw new UsageError(`epsilon: expected a finite number of at least 0, got ${values[bad]}`);
  if (!spec.box) return;
  checkBox(spec.box);
  if (spec.norm !== "linf")
    throw new UsageError(`box: only the linf ball can be cut by a box, not ${spec.norm}`);
}

/** The same ε, of features in a plain list, as JSON has it. */
export function plainEpsilon(epsilon: number | EpsilonByFeature): number | EpsilonByFeature {
  return typeof epsilon === "number" ? epsilon : { perFeature: Array.from(epsilon.perFeature) };
}

function epsilonValues(epsilon: Epsilon): number[] {
  if (typeof epsilon === "number") return [epsilon];
  return Array.from("perExample" in epsilon ? epsilon.perExample : epsilon.perFeature);
}

/** How a ball's radii are rounded: `outward`, so that they hold the ball, or to the `nearest` numbers. */
export type RadiusRounding = "outward" | "nearest";

/**
 * The ball around examples x `[features, examples]`, feature-major. With a box the centre and radius are those of the
 * clipped interval, (lo + hi)/2 and (hi − lo)/2. Radii are rounded up: in ℓ∞ around the centre as the backend has it, so that
 * nothing of the stated ball is lost; in ℓ2 and ℓ1 around x itself, from which the backend's centre is off by its rounding.
 * Attacks, which must stay within, and training, which proves nothing, take the `nearest` numbers. Release it by
 * `releaseBall`.
 * Throws `UsageError` for a bad ε or box, or an example so far outside the box that nothing is left of its ball.
 */
export function makeBall(
  backend: Backend,
  x: ArrayLike<number>,
  examples: number,
  spec: BallSpec,
  radii: RadiusRounding = "outward",
): Ball {
  checkBallSpec(spec);
  if (examples < 1 || x.length % examples !== 0) {
    throw new ShapeError(`ball: ${x.length} numbers do not make ${examples} examples`);
  }
  const features = x.length / examples;
  const epsilonAt = epsilonReader(spec.epsilon, features, examples);
  const { dtype } = backend;
  const nearest = radii === "nearest";
  const centre = new Float64Array(x);
  const radius = new Float64Array(x.length);
  const boundsAt = boxReader(spec.box, features);
  for (let f = 0, i = 0; f < features; f++) {
    const [least, most] = boundsAt(f);
    for (let b = 0; b < examples; b++, i++) {
      const epsilon = epsilonAt(f, b);
      if (spec.norm !== "linf") {
        radius[i] = nearest ? epsilon : roundUp(epsilon, dtype);
        continue;
      }
      const value = centre[i];
      const lower = Math.max(nearest ? value - epsilon : differenceDown(value, epsilon), least);
      const upper = Math.min(nearest ? value + epsilon : sumUp(value, epsilon), most);
      if (lower > upper) {
        throw new UsageError(
          `box: example ${b} has feature ${f} = ${value}, farther than epsilon outside ${least},${most}`,
        );
      }
      if (nearest) {
        if (spec.box) [centre[i], radius[i]] = [(lower + upper) / 2, (upper - lower) / 2];
        else radius[i] = epsilon;
        continue;
      }
      const cut = lower === least || upper === most;
      if (cut) centre[i] = lower / 2 + upper / 2;
      radius[i] = radiusAround(rounded(centre[i], dtype), lower, upper, dtype);
    }
  }
  if (!nearest && spec.norm !== "linf" && dtype === "float32")
    coverCentre(spec.norm, centre, radius, examples);
  return {
    spec,
    centre: backend.upload(features, examples, centre),
    radius: backend.upload(features, examples, radius),
    dualOrder: dualOrderOf(spec.norm),
    examples,
    mostEpsilon: largest(radius),
  };
}

/**
 * The boxes lower ≤ z ≤ upper of a batch, each `[features, examples]` feature-major, as ℓ∞ balls with a radius per entry.
 * Radii are rounded up, around the centre as the backend has it, so that nothing of a box is lost.
 */
export function boxBall(backend: Backend, lower: Float64Array, upper: Float64Array, examples: number): Ball {
  const features = lower.length / examples;
  const { dtype } = backend;
  const centre = lower.map((low, i) => low / 2 + upper[i] / 2);
  const radius = centre.map((middle, i) => radiusAround(rounded(middle, dtype), lower[i], upper[i], dtype));
  return {
    spec: { norm: "linf", epsilon: 0 },
    centre: backend.upload(features, examples, centre),
    radius: backend.upload(features, examples, radius),
    dualOrder: 1,
    examples,
    mostEpsilon: largest(radius),
  };
}

/** What features of radius 0 may take of a ball's norm, where others have a radius. */
const SET_ASIDE = 2 ** -7;

/**
 * Widens ℓ2 and ℓ1 balls so that they hold what was stated around centres that single precision rounds. With s the rounding of
 * the centre and t = ‖s/r‖, every ‖δ/r‖ ≤ 1 has ‖(δ + s)/(r + t r)‖ ≤ 1. Features of radius 0 get one of their own, as
 * many times s as keeps their part of the norm small.
 */
function coverCentre(norm: "l2" | "l1", centre: Float64Array, radius: Float64Array, examples: number): void {
  const upwards = 1 + 2 ** -20;
  for (let b = 0; b < examples; b++) {
    let [total, fixed] = [0, 0];
    let hasWidth = false;
    const lost = (i: number): number => Math.abs(centre[i] - Math.fround(centre[i]));
    for (let i = b; i < centre.length; i += examples) {
      if (radius[i] > 0) {
        const part = lost(i) / radius[i];
        total += norm === "l2" ? part * part : part;
        hasWidth = true;
      } else if (lost(i) > 0) fixed += 1;
    }
    if (total === 0 && fixed === 0) continue;
    const aside = fixed === 0 ? 0 : hasWidth ? SET_ASIDE : 1;
    const room = norm === "l2" ? aside * aside : 2 * aside;
    const share = (1 + (norm === "l2" ? Math.sqrt(total) : total) * upwards) * (1 + room) * (1 + 2 ** -40);
    const times = ((norm === "l2" ? Math.sqrt(fixed) : fixed) / aside) * upwards;
    for (let i = b; i < centre.length; i += examples) {
      const own = radius[i] > 0 ? radius[i] * share : lost(i) > 0 ? lost(i) * times : 0;
      radius[i] = roundUp(own, "float32");
    }
  }
}

/** The smallest radius of an arithmetic around a centre that reaches from lower to upper. */
function radiusAround(centre: number, lower: number, upper: number, dtype: Dtype): number {
  return roundUp(Math.max(differenceUp(upper, centre), differenceUp(centre, lower), 0), dtype);
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

/** Releases the tensors of a ball. */
export function releaseBall(ball: Ball): void {
  ball.centre.dispose();
  ball.radius.dispose();
}

function epsilonReader(
  epsilon: Epsilon,
  features: number,
  examples: number,
): (feature: number, example: number) => number {
  if (typeof epsilon === "number") return () => epsilon;
  const [list, wanted, what] =
    "perExample" in epsilon
      ? [epsilon.perExample, examples, "per example"]
      : [epsilon.perFeature, features, "per input feature"];
  if (list.length !== wanted) {
    throw new UsageError(`epsilon: expected ${wanted} numbers, one ${what}, got ${list.length}`);
  }
  return "perExample" in epsilon ? (_, b) => list[b] : (f) => list[f];
}
