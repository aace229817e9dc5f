import { add, scaleBy, subtract, type Tape, type Variable } from "../autodiff/index.js";
import type { Ball, Norm } from "../threat/ball.js";
import type { AffineChain } from "./affine-chain.js";
import type { AffineDual, Bounds } from "./dual-layer.js";
import type { Rounding } from "./rounding.js";

/**
 * How good a radius is. `independent`: the true range, and the features vary independently of one another, as the input's do.
 * `dual`: what the dual network itself would give. `loose`: not smaller than that.
 */
export type Precision = "independent" | "dual" | "loose";

/**
 * The cheap picture of a node: every feature lies within centre ± radius, `[n, examples]`. In the parallel bound the
 * centre is the dual network's own and the radius never smaller than its own, so that what this box decides, the
 * dual network would decide alike; in the adaptive bound it is interval arithmetic.
 */
export interface BoxState {
  readonly centre: Variable;
  readonly radius: Variable;
  readonly precision: Precision;
  /** Rounding that the radius has not taken in, where roundings are counted; see `Rounding`. */
  readonly error?: Variable | undefined;
  readonly chain?: AffineChain | undefined;
}

/** A box whose radius is made when it is first asked for: where projections bound a node, nobody may. */
export function lazyBox(
  centre: Variable,
  precision: Precision,
  radius: () => Variable,
  rounding: Pick<BoxState, "error" | "chain"> = {},
): BoxState {
  let made: Variable | undefined;
  return {
    centre,
    precision,
    ...rounding,
    get radius() {
      made ??= radius();
      return made;
    },
  };
}

/** ℓ and u of a box, outward where roundings are counted. */
export function boundsOf(tape: Tape, box: Omit<BoxState, "precision">, rounding: Rounding | null): Bounds {
  if (rounding) return rounding.outward(tape, box);
  const { centre, radius } = box;
  return { lower: subtract(tape, centre, radius), upper: add(tape, centre, radius) };
}

/** The centre and radius of an interval. */
export function boxOf(tape: Tape, { lower, upper }: Bounds): Pick<BoxState, "centre" | "radius"> {
  return {
    centre: scaleBy(tape, add(tape, lower, upper), 0.5),
    radius: scaleBy(tape, subtract(tape, upper, lower), 0.5),
  };
}

/**
 * The radius after an affine layer. From independent inputs |W| r is exact for ℓ∞ and √(W² r²) for ℓ2; the ℓ1 ball
 * lies within the ℓ2 ball. Otherwise |A| r, not smaller than the truth.
 */
export function affineRadius(
  tape: Tape,
  layer: AffineDual,
  inputs: readonly BoxState[],
  { spec, mostEpsilon }: Pick<Ball, "spec" | "mostEpsilon">,
  rounding: Rounding | null,
): Variable {
  const radii = inputs.map(({ radius }) => radius);
  const fromInput = layer.coupling === "mixing" && inputs[0].precision === "independent";
  if (!fromInput || spec.norm === "linf") return layer.absolute(tape, radii, 1);
  if (!rounding) return layer.absolute(tape, radii, 2);
  const { floor, least } = rounding.ofSquares(radii[0].value.features, mostEpsilon);
  const raised = radii.map((radius) => scaleBy(tape, radius, 1, least));
  return scaleBy(tape, layer.absolute(tape, raised, 2), 1, floor);
}

/** How good that radius is. */
export function precisionAfter(layer: AffineDual, inputs: readonly BoxState[], norm: Norm): Precision {
  switch (layer.coupling) {
    case "diagonal":
      return inputs[0].precision;
    case "mixing":
      return inputs[0].precision === "independent" && norm !== "l1" ? "dual" : "loose";
    case "join":
      return "loose";
    default:
      return layer.coupling satisfies never;
  }
}
