import type { Conv2dGeometry } from "../compute/geometry.js";

/** The input features of each window, channel by channel; positions outside the input are left out. */
export function windowMembers(geometry: Conv2dGeometry): number[][] {
  const { outChannels, outHeight, outWidth, inHeight, inWidth, kernelHeight, kernelWidth } = geometry;
  const windows: number[][] = [];
  for (let c = 0; c < outChannels; c++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        const members: number[] = [];
        for (let ky = 0; ky < kernelHeight; ky++) {
          const y = oy * geometry.strideHeight - geometry.padTop + ky * geometry.dilationHeight;
          if (y < 0 || y >= inHeight) continue;
          for (let kx = 0; kx < kernelWidth; kx++) {
            const x = ox * geometry.strideWidth - geometry.padLeft + kx * geometry.dilationWidth;
            if (x >= 0 && x < inWidth) members.push((c * inHeight + y) * inWidth + x);
          }
        }
        windows.push(members);
      }
    }
  }
  return windows;
}
