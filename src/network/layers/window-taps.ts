import type { Shape } from "../shape.js";
import { type WindowLayer, windowGeometry } from "./window.js";

/** The input features that each output of a window layer reads: its taps begin at `startOf(output)` in `features`. */
export interface WindowTaps {
  /** How many each output has, those on padding included. */
  readonly taps: number;
  /** −1 for padding. Outputs of one position and group share theirs. */
  readonly features: Int32Array;
  startOf(output: number): number;
}

/**
 * What a convolution, its transpose, or a pool reads, in the order of a convolution's weights: by channel of the group, row
 * and column of the kernel. A transposed convolution's output reads the inputs whose own windows would see it.
 */
export function windowTaps(layer: WindowLayer, input: Shape, output: Shape): WindowTaps {
  const g = windowGeometry(layer, input, output);
  const channels = g.inChannels / g.groups;
  const [taps, positions] = [channels * g.kernelHeight * g.kernelWidth, g.outHeight * g.outWidth];
  const isTransposed = layer.kind === "conv-transpose2d";
  const place = (out: number, tap: number, stride: number, padding: number, extent: number): number => {
    const at = isTransposed ? (out + padding - tap) / stride : out * stride - padding + tap;
    return Number.isInteger(at) && at >= 0 && at < extent ? at : -1;
  };
  const features = new Int32Array(g.groups * positions * taps).fill(-1);
  for (let block = 0, k = 0; block < g.groups * positions; block++) {
    const position = block % positions;
    const [outY, outX] = [Math.floor(position / g.outWidth), position % g.outWidth];
    const first = Math.floor(block / positions) * channels;
    for (let channel = first; channel < first + channels; channel++) {
      for (let ky = 0; ky < g.kernelHeight; ky++) {
        const y = place(outY, ky * g.dilationHeight, g.strideHeight, g.padTop, g.inHeight);
        for (let kx = 0; kx < g.kernelWidth; kx++, k++) {
          const x = place(outX, kx * g.dilationWidth, g.strideWidth, g.padLeft, g.inWidth);
          if (y >= 0 && x >= 0) features[k] = (channel * g.inHeight + y) * g.inWidth + x;
        }
      }
    }
  }
  const perGroup = (g.outChannels / g.groups) * positions;
  const startOf = (i: number) => (Math.floor(i / perGroup) * positions + (i % positions)) * taps;
  return { taps, features, startOf };
}
