import { scaleShift, type Tape, type Variable } from "../autodiff/index.js";
import { OWN, SHARED } from "../compute/owners.js";
import type { Layer } from "../network/layer.js";
import type { Ball } from "../threat/ball.js";
import { affineRadius, type BoxState, boxOf, lazyBox, precisionAfter } from "./box.js";
import type { AffineDual, Bounds } from "./dual-layer.js";
import { outwardBox } from "./outward.js";
import type { Rounding } from "./rounding.js";

/** What the box after an affine layer depends on beside the boxes before it. */
export interface AffineBoxSettings {
  readonly ball: Ball;
  readonly rounding: Rounding | null;
  /** What underflows in the steps of ν through all layers before, `[1, examples]`. */
  readonly floor: Variable | undefined;
  /** Whether no gradient passes through a loose radius. */
  readonly isFixed: boolean;
}

/** The box after an affine layer, and what underflows up to there. */
export function affineBox(
  tape: Tape,
  layer: AffineDual,
  inputs: readonly BoxState[],
  { ball, rounding, floor: before, isFixed }: AffineBoxSettings,
): { readonly state: BoxState; readonly floor: Variable | undefined } {
  const centres = inputs.map(({ centre }) => centre);
  const pushed = layer.push(tape, centres, OWN);
  const centre = layer.offset ? scaleShift(tape, pushed, undefined, layer.offset, SHARED) : pushed;
  const precision = precisionAfter(layer, inputs, ball.spec.norm);
  const { error, floor, chain } = rounding?.affine(tape, layer, inputs, centre.value.features, before) ?? {};
  const radius = () =>
    isFixed && precision === "loose"
      ? tape.aside((aside) => affineRadius(aside, layer, inputs, ball, rounding))
      : affineRadius(tape, layer, inputs, ball, rounding);
  return { state: lazyBox(centre, precision, radius, { error, chain }), floor };
}

/** The box of an activation's values between the images of ℓ and u, outward where roundings are counted. */
export function intervalBox(
  tape: Tape,
  rounding: Rounding | null,
  layer: Layer,
  bounds: Bounds,
  image: Bounds,
): Pick<BoxState, "centre" | "radius"> {
  const box = boxOf(tape, image);
  return rounding ? outwardBox(tape, rounding, box, layer, bounds) : box;
}
