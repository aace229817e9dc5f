import type { Activation } from "../compute/elementwise.js";
import type { Shape } from "./shape.js";

/** Height and width. */
export type Pair = readonly [number, number];
/** Top, left, bottom, right. */
export type Sides = readonly [number, number, number, number];

/** z = W x + b: weight `[out, in]`, bias `[out]`. */
export interface LinearLayer {
  readonly kind: "linear";
  readonly outFeatures: number;
  readonly bias: boolean;
}

/** A convolution: weight `[out, in/groups, kh, kw]`, bias `[out]`. */
export interface Conv2dLayer {
  readonly kind: "conv2d";
  readonly outChannels: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Sides;
  readonly dilation: Pair;
  readonly groups: number;
  readonly bias: boolean;
}

/**
 * The transpose of a convolution, from its output's shape to its input's. Padding is the convolution's, so it is cut off
 * here; `outputPadding` adds lines at the bottom and right that a stride leaves open.
 */
export interface ConvTranspose2dLayer {
  readonly kind: "conv-transpose2d";
  readonly outChannels: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Sides;
  readonly outputPadding: Pair;
  readonly dilation: Pair;
  readonly groups: number;
  readonly bias: boolean;
}

/** Normalises by the mean and variance of each channel (first extent of the shape), then scales and shifts. */
export interface BatchNormLayer {
  readonly kind: "batch-norm";
  readonly epsilon: number;
  /** Weight of a new batch in the running statistics. */
  readonly momentum: number;
}

/** The mean over a window; padding counts as zeros. */
export interface AveragePoolLayer {
  readonly kind: "average-pool";
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Sides;
}

/** The maximum over a window; padding is left out. */
export interface MaxPoolLayer {
  readonly kind: "max-pool";
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Sides;
  readonly dilation: Pair;
}

/** scale · x + shift with constants: one for all, one a channel, or one a feature. Data normalisation is such a layer. */
export interface ScaleShiftLayer {
  readonly kind: "scale-shift";
  readonly scale: readonly number[];
  readonly shift: readonly number[];
}

/** The same features under another shape; one extent may be −1. */
export interface ReshapeLayer {
  readonly kind: "reshape";
  readonly shape: Shape;
}

/** Another order of the extents: extent i of the output is extent `order[i]` of the input. */
export interface PermuteLayer {
  readonly kind: "permute";
  readonly order: readonly number[];
}

/** Constant entries around the input: so many before and after along each extent. */
export interface PadLayer {
  readonly kind: "pad";
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly value: number;
}

/** Entries of one extent by number, in that order; some may be left out, others taken more than once. */
export interface TakeLayer {
  readonly kind: "take";
  readonly axis: number;
  readonly index: readonly number[];
}

/** All features in one extent. */
export interface FlattenLayer {
  readonly kind: "flatten";
}

/** The input as it is. */
export interface IdentityLayer {
  readonly kind: "identity";
}

/** The sum of two or more inputs of one shape: a skip connection's end. */
export interface AddLayer {
  readonly kind: "add";
}

/** Inputs stacked along their first extent (channels). */
export interface ConcatLayer {
  readonly kind: "concat";
}

/** Layers that are affine maps; a batch norm is one by its statistics. */
export type AffineLayer =
  | LinearLayer
  | Conv2dLayer
  | ConvTranspose2dLayer
  | BatchNormLayer
  | AveragePoolLayer
  | ScaleShiftLayer
  | ReshapeLayer
  | PermuteLayer
  | PadLayer
  | TakeLayer
  | FlattenLayer
  | IdentityLayer
  | AddLayer
  | ConcatLayer;

/** What a node of a network does: plain data, so that it can be written to a file and read back. */
export type Layer = AffineLayer | Activation | MaxPoolLayer;

/** What a layer is called in files and in names of nodes. */
export type LayerKind = Layer["kind"];
/** The layer of a kind. */
export type LayerOf<K extends LayerKind> = Extract<Layer, { kind: K }>;
