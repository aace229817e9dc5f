import type { Coupling } from "../../../src/dual/dual-layer.js";
import * as layers from "../../../src/network/build-layer.js";
import type { Layer } from "../../../src/network/layer.js";
import type { Shape } from "../../../src/network/shape.js";

/** Channels, height, width. */
export const IMAGE = [2, 4, 3];
const WIDE = [4, 5, 4];

/** A layer, and what its rule says of it. */
export interface Case {
  readonly layer: Layer;
  readonly shape?: Shape;
  readonly inputs?: number;
  readonly coupling: Coupling;
  /** Terms of the longest line of A, and of its longest column, or what is counted instead. */
  readonly roundings: readonly [number, number];
  /** By steps, by patches of images; whether ν passes patches as it is. */
  readonly steps: boolean;
  readonly crop: "none" | "passes" | "moves" | "changes";
}

const window = { coupling: "mixing", steps: true, crop: "changes" } as const;
const transposed = { coupling: "mixing", steps: false, crop: "changes" } as const;
const diagonal = { coupling: "diagonal", steps: true, roundings: [8, 8] } as const;
const still = { coupling: "diagonal", steps: true, roundings: [0, 0] } as const;

/** Every affine kind of layer, on images and on vectors. */
export const AFFINE_CASES: Readonly<Record<string, Case>> = {
  linear: {
    ...{ layer: layers.linear(4), shape: [5], coupling: "mixing", roundings: [5, 4] },
    ...{ steps: true, crop: "none" },
  },
  "linear without a bias": {
    ...{ layer: layers.linear(2, { bias: false }), shape: [3], coupling: "mixing", roundings: [3, 2] },
    ...{ steps: true, crop: "none" },
  },
  conv2d: { ...window, layer: layers.conv2d(3, { kernel: 2 }), roundings: [8, 12] },
  "conv2d, strides and padding": {
    ...window,
    layer: layers.conv2d(3, { kernel: [3, 2], stride: [2, 1], padding: [1, 0, 2, 1] }),
    roundings: [12, 12],
  },
  "conv2d, dilated, in groups": {
    ...window,
    shape: WIDE,
    layer: layers.conv2d(6, { kernel: [2, 2], stride: [2, 1], dilation: [1, 2], groups: 2 }),
    roundings: [8, 6],
  },
  "conv2d, dilated, without a bias": {
    ...window,
    shape: WIDE,
    layer: layers.conv2d(2, { kernel: 2, dilation: [2, 1], bias: false, padding: 1 }),
    roundings: [16, 8],
  },
  "conv2d, strides and dilation along lines": {
    ...window,
    shape: [2, 3, 7],
    layer: layers.conv2d(3, { kernel: [1, 2], stride: [1, 2], dilation: [1, 2], padding: [0, 1, 0, 1] }),
    // Lines of a dilation may be read by every tap, whatever the stride.
    roundings: [4, 6],
  },
  "average-pool": {
    ...window,
    layer: layers.averagePool({ kernel: [2, 3], stride: [2, 1], padding: [0, 1, 0, 1] }),
    roundings: [6, 3],
  },
  "conv-transpose2d": {
    ...transposed,
    layer: layers.convTranspose2d(3, {
      kernel: [3, 2],
      stride: 2,
      padding: [0, 1, 1, 0],
      outputPadding: [1, 0],
    }),
    roundings: [4, 18],
  },
  "conv-transpose2d, enlarged along columns": {
    ...transposed,
    layer: layers.convTranspose2d(2, { kernel: [3, 2], stride: [2, 1], padding: [1, 1, 0, 0] }),
    roundings: [8, 12],
  },
  "conv-transpose2d in groups, dilated, without a bias": {
    ...transposed,
    shape: WIDE,
    layer: layers.convTranspose2d(2, { kernel: 2, dilation: [2, 1], groups: 2, bias: false, stride: [1, 3] }),
    roundings: [4, 4],
  },
  "batch-norm": { ...diagonal, layer: layers.batchNorm(), crop: "changes" },
  "scale-shift": { ...diagonal, layer: layers.scaleShift([2, -0.5], [0.1, 0.3]), crop: "changes" },
  "scale-shift of a vector": { ...diagonal, shape: [5], layer: layers.scaleShift(-1.5, 0.2), crop: "none" },
  identity: { ...still, layer: layers.identity(), crop: "passes" },
  flatten: { ...still, layer: layers.flatten(), crop: "none" },
  reshape: { ...still, layer: layers.reshape([4, 3, 2]), crop: "none" },
  permute: { ...still, layer: layers.permute([2, 0, 1]), crop: "none" },
  pad: { ...still, layer: layers.pad([0, 1, 2], [0, 2, 0]), crop: "moves" },
  "pad by a number": {
    ...still,
    layer: layers.pad([0, 1, 0], [0, 0, 2], 0.3),
    roundings: [1, 1],
    crop: "moves",
  },
  "pad channels before": {
    ...still,
    layer: layers.pad([1, 0, 0], [0, 1, 0], 0.3),
    roundings: [1, 1],
    crop: "none",
  },
  "pad channels after": { ...still, layer: layers.pad([0, 0, 0], [1, 0, 0]), crop: "none" },
  "pad a vector": { ...still, shape: [3], layer: layers.pad([1], [2], -2), roundings: [1, 1], crop: "none" },
  "pad a matrix": { ...still, shape: [2, 3], layer: layers.pad([0, 1], [0, 2]), crop: "none" },
  "take some": { ...still, layer: layers.take(1, [3, 0, 1]), crop: "none" },
  "take some again": {
    ...{ layer: layers.take(1, [2, 0, 0, 2, 2]), coupling: "mixing", roundings: [1, 3] },
    ...{ steps: false, crop: "none" },
  },
  "take the first again": {
    ...{ shape: [3], layer: layers.take(0, [1, 0, 0, 2]), coupling: "mixing", roundings: [1, 2] },
    ...{ steps: false, crop: "none" },
  },
  add: {
    ...{ layer: layers.add(), inputs: 3, coupling: "join", roundings: [3, 1] },
    ...{ steps: false, crop: "passes" },
  },
  "add vectors": {
    ...{ layer: layers.add(), shape: [4], inputs: 2, coupling: "join", roundings: [2, 1] },
    ...{ steps: false, crop: "none" },
  },
  concat: {
    ...{ layer: layers.concat(), inputs: 3, coupling: "join", roundings: [0, 0] },
    ...{ steps: false, crop: "passes" },
  },
  "concat vectors": {
    ...{ layer: layers.concat(), shape: [4], inputs: 2, coupling: "join", roundings: [0, 0] },
    ...{ steps: false, crop: "none" },
  },
};
