import { crop, type Tape, type Variable } from "../autodiff/index.js";
import type { BackwardStep, Reading } from "../compute/backend.js";
import type { CropWindow } from "../compute/crop-window.js";
import { OWN, type Owners, SHARED } from "../compute/owners.js";
import type { Shape } from "../network/shape.js";
import { positionwiseCost } from "./cost.js";
import type { BackStep, DualLayer, Patch, Viewers, Want } from "./dual-layer.js";

/** Where a patch lies in an image of shape channels×height×width. */
export function cropWindow([channels, height, width]: Shape, patch: Patch): CropWindow {
  return {
    channels,
    height,
    width,
    patchHeight: patch.height,
    patchWidth: patch.width,
    top: patch.top,
    left: patch.left,
  };
}

/** Coefficients as rows take them: cropped for each viewer, or as they are, with how they are seen. */
export interface Seen extends Reading {
  readonly values: Variable;
}

/** What rows see of a layer's coefficients: `[features, examples]`, or `[features, 1]` that all examples share. */
export type Look = (coefficients: Variable, kept: "by example" | "shared") => Seen;

/** What a constant adds to the centre. */
export function offsetStep({ values, ...reading }: Seen): BackwardStep {
  return { kind: "offset", offset: values.value, ...reading };
}

/** Rows that see everything. */
export function lookAtAll(owners: Owners): Look {
  return (values, kept) => ({ values, owners: kept === "shared" ? SHARED : owners });
}

/** Rows that see the patch of their viewer: coefficients are cropped once per viewer, not once per row. */
export function lookAtPatch(tape: Tape, shape: Shape, patch: Patch, viewers: Viewers): Look {
  const window = cropWindow(shape, patch);
  return (coefficients, kept) => ({
    values: crop(tape, coefficients, kept === "shared" ? SHARED : viewers.examples, window),
    owners: viewers.rows,
  });
}

/** The same without a record: coefficients are not cropped, but read where they are. */
export function lookThroughPatch(shape: Shape, patch: Patch, viewers: Viewers): Look {
  const window = cropWindow(shape, patch);
  return (values, kept) => ({
    values,
    owners: viewers.rows,
    sight: { window, examples: kept === "shared" ? SHARED : viewers.examples },
  });
}

/** Backward through a layer that acts position by position. */
export type PositionwiseBack = (tape: Tape, nu: Variable, want: Want, look: Look) => BackStep;

/** The same as steps that keep no record. */
export type PositionwiseSteps = (look: Look, want: Want) => readonly BackwardStep[];

/**
 * `back`, `steps` and `crop` of such a layer; its input has the shape of its output. Only images have patches.
 */
export function positionwise(
  shape: Shape,
  back: PositionwiseBack,
  steps?: PositionwiseSteps,
): Pick<DualLayer, "back" | "steps" | "crop"> {
  return {
    back: (tape, nu, owners, want) => back(tape, nu, want, lookAtAll(owners)),
    ...(steps && { steps: (owners: Owners, want: Want) => steps(lookAtAll(owners), want) }),
    crop:
      shape.length !== 3
        ? undefined
        : (patch, viewers) => ({
            input: patch,
            multiplyAdds: positionwiseCost(shape[0] * patch.height * patch.width),
            back: (tape, nu, want) => back(tape, nu, want, lookAtPatch(tape, shape, patch, viewers)),
            ...(steps && {
              steps: (_tape: Tape, want: Want) => steps(lookThroughPatch(shape, patch, viewers), want),
            }),
          }),
  };
}

/** Each row its own viewer of its own example. */
export const OWN_VIEWERS: Viewers = { examples: OWN, rows: OWN };
