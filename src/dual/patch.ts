import type { CropWindow } from "../compute/crop-window.js";
import type { Shape } from "../network/shape.js";
import type { Patch } from "./dual-layer.js";

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
