import { crop, dot, type Tape, type Variable } from "../autodiff/index.js";
import type { CropWindow } from "../compute/crop-window.js";
import { OWN, type Owners } from "../compute/owners.js";
import type { Shape } from "../network/shape.js";
import type { BackStep, DualLayer, Patch, Want } from "./dual-layer.js";

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

/** Backward through a layer that acts position by position: on whole rows, or on patches of its coefficients. */
export type PatchBack = (
  tape: Tape,
  nu: Variable,
  owners: Owners,
  want: Want,
  window: CropWindow | null,
) => BackStep;

/** `back` and `crop` of such a layer; its input has the shape of its output. Only images have patches. */
export function backByPatch(shape: Shape, back: PatchBack): Pick<DualLayer, "back" | "crop"> {
  return {
    back: (tape, nu, owners, want) => back(tape, nu, owners, want, null),
    crop:
      shape.length !== 3
        ? undefined
        : (patch, owners) => {
            const window = cropWindow(shape, patch);
            return { input: patch, back: (tape, nu, want) => back(tape, nu, owners, want, window) };
          },
  };
}

/** Σ_f w[f, owner]·x[f, row] → `[1, R]`; with a window, x is a patch and w is cropped by it. */
export function dotWithin(
  tape: Tape,
  x: Variable,
  weight: Variable,
  owners: Owners,
  window: CropWindow | null,
): Variable {
  if (window === null) return dot(tape, x, weight, owners);
  const cropped = crop(tape, weight, owners, window);
  const product = dot(tape, x, cropped, OWN);
  tape.discard(cropped);
  return product;
}
