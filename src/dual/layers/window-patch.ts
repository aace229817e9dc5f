import type { Conv2dGeometry } from "../../compute/geometry.js";
import type { Patch } from "../dual-layer.js";

/** The same windows over a patch of so many outputs: no padding, the input just as large as the outputs need. */
export function windowsOverPatch(geometry: Conv2dGeometry, height: number, width: number): Conv2dGeometry {
  return {
    ...geometry,
    outHeight: height,
    outWidth: width,
    inHeight: reach(height, geometry.strideHeight, geometry.kernelHeight, geometry.dilationHeight),
    inWidth: reach(width, geometry.strideWidth, geometry.kernelWidth, geometry.dilationWidth),
    padTop: 0,
    padLeft: 0,
  };
}

function reach(count: number, stride: number, kernel: number, dilation: number): number {
  return (count - 1) * stride + (kernel - 1) * dilation + 1;
}

/** What the windows of a patch of outputs see of the input. */
export function inputPatch(geometry: Conv2dGeometry, patch: Patch): Patch {
  const local = windowsOverPatch(geometry, patch.height, patch.width);
  const { strideHeight, strideWidth, padTop, padLeft } = geometry;
  const [top, left] = [new Int32Array(patch.top.length), new Int32Array(patch.top.length)];
  for (let i = 0; i < top.length; i++) {
    top[i] = patch.top[i] * strideHeight - padTop;
    left[i] = patch.left[i] * strideWidth - padLeft;
  }
  return { height: local.inHeight, width: local.inWidth, top, left };
}
