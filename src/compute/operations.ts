import type { Conv2dGeometry } from "./geometry.js";

/** How many kernel taps, over all output places along one axis, lie inside the input. */
function tapsInside(
  out: number,
  kernel: number,
  stride: number,
  pad: number,
  dilation: number,
  size: number,
): number {
  let count = 0;
  for (let place = 0; place < out; place++) {
    for (let k = 0; k < kernel; k++) {
      const at = place * stride - pad + k * dilation;
      if (at >= 0 && at < size) count += 1;
    }
  }
  return count;
}

/** Multiply-adds of a convolution, its transpose or its weight gradient, per row; taps on padding are not counted. */
export function multiplyAddsOfConv2d(g: Conv2dGeometry): number {
  const vertical = tapsInside(
    g.outHeight,
    g.kernelHeight,
    g.strideHeight,
    g.padTop,
    g.dilationHeight,
    g.inHeight,
  );
  const horizontal = tapsInside(
    g.outWidth,
    g.kernelWidth,
    g.strideWidth,
    g.padLeft,
    g.dilationWidth,
    g.inWidth,
  );
  return (g.inChannels / g.groups) * g.outChannels * vertical * horizontal;
}
