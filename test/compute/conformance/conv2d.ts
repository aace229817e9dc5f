import { describe, test } from "vitest";
import type { Conv2dGeometry } from "../../../src/compute/geometry.js";
import {
  build,
  conv2dWeightGradient,
  convolutionMatrix,
  inner,
  linear,
  type Matrix,
  oneHot,
  transpose,
} from "../oracle.js";
import type { Bench } from "./bench.js";

/** A square geometry of stride 1 without padding, one channel, unless told otherwise; the output size as it fits. */
export function geometry(changes: Partial<Conv2dGeometry>): Conv2dGeometry {
  const g = {
    inChannels: 1,
    inHeight: 5,
    inWidth: 5,
    outChannels: 1,
    kernelHeight: 3,
    kernelWidth: 3,
    strideHeight: 1,
    strideWidth: 1,
    padTop: 0,
    padLeft: 0,
    dilationHeight: 1,
    dilationWidth: 1,
    groups: 1,
    ...changes,
  };
  const outputSize = (size: number, pad: number, kernel: number, dilation: number, stride: number): number =>
    Math.max(1, Math.floor((size + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1);
  return {
    outHeight: outputSize(g.inHeight, g.padTop, g.kernelHeight, g.dilationHeight, g.strideHeight),
    outWidth: outputSize(g.inWidth, g.padLeft, g.kernelWidth, g.dilationWidth, g.strideWidth),
    ...g,
  };
}

const GEOMETRIES: readonly [string, Conv2dGeometry][] = [
  ["one pixel", geometry({ inHeight: 1, inWidth: 1, kernelHeight: 1, kernelWidth: 1 })],
  ["3×3", geometry({ inChannels: 2, outChannels: 3 })],
  ["3×3, padding 1, 9 outputs", geometry({ inChannels: 3, outChannels: 9, padTop: 1, padLeft: 1 })],
  [
    "4×4/2, padding 1, 8×8 (the paper's)",
    geometry({
      inChannels: 4,
      outChannels: 5,
      inHeight: 8,
      inWidth: 8,
      kernelHeight: 4,
      kernelWidth: 4,
      strideHeight: 2,
      strideWidth: 2,
      padTop: 1,
      padLeft: 1,
    }),
  ],
  [
    "stride that does not divide",
    geometry({
      inChannels: 2,
      outChannels: 4,
      inHeight: 9,
      inWidth: 7,
      kernelHeight: 2,
      kernelWidth: 3,
      strideHeight: 3,
      strideWidth: 2,
    }),
  ],
  [
    "stride past the kernel",
    geometry({ inChannels: 1, outChannels: 2, inHeight: 7, inWidth: 8, strideHeight: 4, strideWidth: 5 }),
  ],
  [
    "asymmetric padding",
    geometry({
      inChannels: 2,
      outChannels: 3,
      inHeight: 4,
      inWidth: 6,
      padTop: 2,
      padLeft: 0,
      outHeight: 5,
      outWidth: 7,
    }),
  ],
  [
    "dilation",
    geometry({
      inChannels: 2,
      outChannels: 2,
      inHeight: 9,
      inWidth: 8,
      dilationHeight: 2,
      dilationWidth: 3,
      padTop: 2,
      padLeft: 3,
    }),
  ],
  [
    "dilation and stride with a common divisor",
    geometry({
      inChannels: 2,
      outChannels: 3,
      inHeight: 10,
      inWidth: 9,
      dilationHeight: 2,
      dilationWidth: 2,
      strideHeight: 2,
      strideWidth: 4,
      padTop: 1,
      padLeft: 2,
    }),
  ],
  ["two groups", geometry({ inChannels: 4, outChannels: 6, groups: 2, padTop: 1, padLeft: 1 })],
  [
    "depthwise, two outputs per channel",
    geometry({ inChannels: 3, outChannels: 6, groups: 3, strideHeight: 2, strideWidth: 2, padTop: 1 }),
  ],
  ["depthwise", geometry({ inChannels: 3, outChannels: 3, groups: 3 })],
  ["padding wider than the kernel", geometry({ padTop: 4, padLeft: 4, outChannels: 2 })],
  ["kernel larger than the input", geometry({ inHeight: 2, inWidth: 3, padTop: 1, padLeft: 1 })],
  ["windows beyond the input", geometry({ inHeight: 3, inWidth: 3, outHeight: 5, outWidth: 4 })],
];

function randomWeight(bench: Bench, g: Conv2dGeometry): Matrix {
  return bench.matrix(g.outChannels, (g.inChannels / g.groups) * g.kernelHeight * g.kernelWidth);
}

export function conv2dConformance(bench: Bench): void {
  describe("convolution", () => {
    for (const [name, g] of GEOMETRIES) {
      test(name, async () => {
        for (const rows of [1, 3, 4, 5, 18, 131]) {
          const w = randomWeight(bench, g);
          const bias = bench.matrix(g.outChannels, 1);
          const dense = convolutionMatrix(w, g);
          const [x, y] = [bench.matrix(dense.rows, rows), bench.matrix(dense.features, rows)];
          const out = await bench.run([w, x], (b, [a, c]) => b.conv2d(a, c, null, g));
          bench.expectClose(out, linear(dense, x, null), `conv2d, ${rows} rows`);
          const area = g.outHeight * g.outWidth;
          const spreadBias = build(dense.features, 1, (f) => bias.values[Math.floor(f / area)]);
          const shifted = await bench.run([w, x, bias], (b, [a, c, d]) => b.conv2d(a, c, d, g));
          bench.expectClose(shifted, linear(dense, x, spreadBias), `conv2d with bias, ${rows} rows`);
          const back = await bench.run([w, y], (b, [a, c]) => b.conv2dTranspose(a, c, g));
          bench.expectClose(back, linear(transpose(dense), y, null), `conv2dTranspose, ${rows} rows`);
          const gradient = await bench.run([y, x], (b, [a, c]) => b.conv2dWeightGradient(a, c, g));
          bench.expectClose(gradient, conv2dWeightGradient(y, x, g), `conv2dWeightGradient, ${rows} rows`);
          bench.expectClose(
            build(1, 2, (_, i) => (i === 0 ? inner(out, y) : inner(w, gradient))),
            build(1, 2, () => inner(x, back)),
            "adjoint",
            bench.relative * 20,
          );
        }
      });

      test(`rows of the transpose: ${name}`, async () => {
        const w = randomWeight(bench, g);
        const dense = convolutionMatrix(w, g);
        for (const count of [1, 7]) {
          const index = Int32Array.from({ length: count }, () => bench.random.integer(dense.features));
          const unit = oneHot(dense.features, index);
          const out = await bench.run([w], (b, [a]) => b.conv2dSelect(a, index, g));
          bench.expectClose(out, linear(transpose(dense), unit, null), "conv2dSelect", 0);
          const y = bench.matrix(dense.rows, count);
          const gradient = await bench.run([y], (b, [a]) => b.conv2dSelectGradient(a, index, g));
          bench.expectClose(gradient, conv2dWeightGradient(unit, y, g), "conv2dSelectGradient");
          bench.expectClose(
            build(1, 1, () => inner(out, y)),
            build(1, 1, () => inner(w, gradient)),
            "adjoint",
          );
        }
      });
    }
  });
}
