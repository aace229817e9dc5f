import type { Conv2dGeometry } from "../geometry.js";
import type { Gathering, Placement, WeightLayout } from "./gathering.js";

/** First kernel offset whose tap, `origin + k · dilation`, is not before the input. */
export function firstInside(origin: number, dilation: number): number {
  return origin >= 0 ? 0 : Math.ceil(-origin / dilation);
}

/** One past the last kernel offset whose tap lies inside the input of this size. */
export function endInside(origin: number, dilation: number, size: number, kernel: number): number {
  return origin >= size ? 0 : Math.min(kernel, Math.floor((size - 1 - origin) / dilation) + 1);
}

/** One product of a convolution: a group, and for the transpose a class of pixels that share their kernel taps. */
export interface WindowProduct {
  readonly outputs: number;
  readonly layout: WeightLayout;
  readonly gathering: Gathering;
  readonly placement: Placement;
}

/** Convolution of one channel group: taps (input channel, ky, kx), positions the output pixels. */
export function convolutionOfGroup(geometry: Conv2dGeometry, group: number): WindowProduct {
  const { inHeight, inWidth, outHeight, outWidth, kernelHeight, kernelWidth } = geometry;
  const channels = geometry.inChannels / geometry.groups;
  const outputs = geometry.outChannels / geometry.groups;
  const taps = channels * kernelHeight * kernelWidth;
  const pixels = outHeight * outWidth;
  return {
    outputs,
    layout: {
      start: group * outputs * taps,
      outputStride: taps,
      tapOffsets: Int32Array.from({ length: taps }, (_, tap) => tap),
    },
    gathering: {
      taps,
      positions: pixels,
      fill(position, table, start) {
        const top = Math.floor(position / outWidth) * geometry.strideHeight - geometry.padTop;
        const left = (position % outWidth) * geometry.strideWidth - geometry.padLeft;
        const kyFirst = firstInside(top, geometry.dilationHeight);
        const kyEnd = endInside(top, geometry.dilationHeight, inHeight, kernelHeight);
        const kxFirst = firstInside(left, geometry.dilationWidth);
        const kxEnd = endInside(left, geometry.dilationWidth, inWidth, kernelWidth);
        table.fill(-1, start, start + taps);
        for (let channel = 0; channel < channels; channel++) {
          for (let ky = kyFirst; ky < kyEnd; ky++) {
            const y = top + ky * geometry.dilationHeight;
            const line = ((group * channels + channel) * inHeight + y) * inWidth + left;
            const to = start + (channel * kernelHeight + ky) * kernelWidth;
            for (let kx = kxFirst; kx < kxEnd; kx++) table[to + kx] = line + kx * geometry.dilationWidth;
          }
        }
      },
    },
    placement: { stride: pixels, first: (position) => group * outputs * pixels + position },
  };
}

/** Kernel offsets that reach an input line with this residue of (line + padding) by the stride. */
function offsetsOfResidue(residue: number, kernel: number, dilation: number, stride: number): number[] {
  const offsets: number[] = [];
  for (let k = 0; k < kernel; k++) if ((residue - k * dilation) % stride === 0) offsets.push(k);
  return offsets;
}

/** Lines below `size` with this residue of (line + padding) by the stride. */
function linesOfResidue(residue: number, size: number, padding: number, stride: number): number[] {
  const lines: number[] = [];
  for (let line = 0; line < size; line++) if ((line + padding) % stride === residue) lines.push(line);
  return lines;
}

/**
 * The transpose of a convolution, one channel group: pixels whose position has the same residue by the stride share
 * their taps (output channel, ky, kx), so each class is a product without a wasted term. A class without a tap is
 * left out: its pixels are zero.
 */
export function transposeOfGroup(geometry: Conv2dGeometry, group: number): WindowProduct[] {
  const { inHeight, inWidth, outHeight, outWidth, kernelHeight, kernelWidth } = geometry;
  const { strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft } = geometry;
  const outputs = geometry.inChannels / geometry.groups;
  const channels = geometry.outChannels / geometry.groups;
  const area = kernelHeight * kernelWidth;
  const products: WindowProduct[] = [];
  for (let residueY = 0; residueY < strideHeight; residueY++) {
    const ky = offsetsOfResidue(residueY, kernelHeight, dilationHeight, strideHeight);
    const lines = linesOfResidue(residueY, inHeight, padTop, strideHeight);
    for (let residueX = 0; residueX < strideWidth; residueX++) {
      const kx = offsetsOfResidue(residueX, kernelWidth, dilationWidth, strideWidth);
      const pixels = linesOfResidue(residueX, inWidth, padLeft, strideWidth);
      const taps = channels * ky.length * kx.length;
      if (taps === 0 || lines.length === 0 || pixels.length === 0) continue;
      const tapOffsets = new Int32Array(taps);
      let tap = 0;
      for (let channel = 0; channel < channels; channel++) {
        for (const y of ky) {
          for (const x of kx) tapOffsets[tap++] = channel * outputs * area + y * kernelWidth + x;
        }
      }
      products.push({
        outputs,
        layout: { start: group * channels * outputs * area, outputStride: area, tapOffsets },
        gathering: {
          taps,
          positions: lines.length * pixels.length,
          fill(position, table, start) {
            const line = lines[Math.floor(position / pixels.length)] + padTop;
            const pixel = pixels[position % pixels.length] + padLeft;
            let to = start;
            for (let i = 0; i < ky.length; i++) {
              const y = (line - ky[i] * dilationHeight) / strideHeight;
              const first = (group * channels * outHeight + y) * outWidth;
              for (let j = 0; j < kx.length; j++) {
                const x = (pixel - kx[j] * dilationWidth) / strideWidth;
                table[to++] = y >= 0 && y < outHeight && x >= 0 && x < outWidth ? first + x : -1;
              }
            }
            const shared = ky.length * kx.length;
            for (const end = start + taps; to < end; to++) {
              const before = table[to - shared];
              table[to] = before < 0 ? -1 : before + outHeight * outWidth;
            }
          },
        },
        placement: {
          stride: inHeight * inWidth,
          first: (position) =>
            (group * outputs * inHeight + lines[Math.floor(position / pixels.length)]) * inWidth +
            pixels[position % pixels.length],
        },
      });
    }
  }
  return products;
}
