import type { Activation } from "../compute/elementwise.js";
import type {
  AddLayer,
  AveragePoolLayer,
  BatchNormLayer,
  ConcatLayer,
  Conv2dLayer,
  ConvTranspose2dLayer,
  FlattenLayer,
  IdentityLayer,
  LinearLayer,
  MaxPoolLayer,
  PadLayer,
  Pair,
  PermuteLayer,
  ReshapeLayer,
  ScaleShiftLayer,
  Sides,
  TakeLayer,
} from "./layer.js";
import type { Shape } from "./shape.js";

/** One number for both directions, or height and width. */
export type PairLike = number | Pair;
/** One number for all sides, height and width, or top, left, bottom, right. */
export type SidesLike = number | Pair | Sides;

/** The window of a pool or a convolution, in pixels. Padding is 0 by default. */
export interface WindowOptions {
  readonly kernel: PairLike;
  readonly stride?: PairLike;
  readonly padding?: SidesLike;
}

/** The window of a convolution. Defaults: stride 1, padding 0, dilation 1, one group, with a bias. */
export interface Conv2dOptions extends WindowOptions {
  readonly dilation?: PairLike;
  readonly groups?: number;
  readonly bias?: boolean;
}

function pair(value: PairLike): Pair {
  return typeof value === "number" ? [value, value] : value;
}

function sides(value: SidesLike): Sides {
  if (typeof value === "number") return [value, value, value, value];
  return value.length === 2 ? [value[0], value[1], value[0], value[1]] : value;
}

/** z = W x + b for a flat input `[features]` → `[outFeatures]`. With a bias by default. */
export function linear(outFeatures: number, options: { readonly bias?: boolean } = {}): LinearLayer {
  return { kind: "linear", outFeatures, bias: options.bias ?? true };
}

/** A convolution with `outChannels` filters: `[channels, height, width]` → `[outChannels, …]`. */
export function conv2d(outChannels: number, options: Conv2dOptions): Conv2dLayer {
  return {
    kind: "conv2d",
    outChannels,
    kernel: pair(options.kernel),
    stride: pair(options.stride ?? 1),
    padding: sides(options.padding ?? 0),
    dilation: pair(options.dilation ?? 1),
    groups: options.groups ?? 1,
    bias: options.bias ?? true,
  };
}

/** The transpose of a convolution: enlarges an image by its stride. */
export function convTranspose2d(
  outChannels: number,
  options: Conv2dOptions & { readonly outputPadding?: PairLike },
): ConvTranspose2dLayer {
  const { kernel, stride, padding, dilation, groups, bias } = conv2d(outChannels, options);
  const outputPadding = pair(options.outputPadding ?? 0);
  return {
    kind: "conv-transpose2d",
    outChannels,
    kernel,
    stride,
    padding,
    outputPadding,
    dilation,
    groups,
    bias,
  };
}

/**
 * Batch normalisation by channel (Appendix B.5): γ (x − μ)/√(σ² + ε) + β, by running statistics or, while a network is
 * trained, by the clean batch's. `epsilon` is 10⁻⁵ and `momentum`, the weight of a new batch, 0.1 by default.
 */
export function batchNorm(
  options: { readonly epsilon?: number; readonly momentum?: number } = {},
): BatchNormLayer {
  return { kind: "batch-norm", epsilon: options.epsilon ?? 1e-5, momentum: options.momentum ?? 0.1 };
}

/** The mean over each window, padding counted as zeros. Stride is the kernel's size if left out. */
export function averagePool(options: WindowOptions): AveragePoolLayer {
  return { kind: "average-pool", ...poolWindow(options) };
}

/** The maximum over each window, padding left out. Stride is the kernel's size if left out. */
export function maxPool(options: WindowOptions & { readonly dilation?: PairLike }): MaxPoolLayer {
  return { kind: "max-pool", ...poolWindow(options), dilation: pair(options.dilation ?? 1) };
}

function poolWindow(options: WindowOptions): { kernel: Pair; stride: Pair; padding: Sides } {
  return {
    kernel: pair(options.kernel),
    stride: pair(options.stride ?? options.kernel),
    padding: sides(options.padding ?? 0),
  };
}

/** scale · x + shift with constants: one number for all, one a channel, or one a feature. */
export function scaleShift(
  scale: number | readonly number[],
  shift: number | readonly number[],
): ScaleShiftLayer {
  const list = (value: number | readonly number[]) => (typeof value === "number" ? [value] : [...value]);
  return { kind: "scale-shift", scale: list(scale), shift: list(shift) };
}

/** (x − mean) / std by channel: data normalisation as a layer, so that ε stays in the units of the data. */
export function normalize(
  mean: number | readonly number[],
  std: number | readonly number[],
): ScaleShiftLayer {
  const means = typeof mean === "number" ? [mean] : mean;
  const stds = typeof std === "number" ? [std] : std;
  const count = Math.max(means.length, stds.length);
  const at = (list: readonly number[], i: number) => list[list.length === 1 ? 0 : i];
  const channels = Array.from({ length: count }, (_, i) => i);
  return scaleShift(
    channels.map((i) => 1 / at(stds, i)),
    channels.map((i) => -at(means, i) / at(stds, i)),
  );
}

/** The same features under another shape; one extent may be −1 and is then what the others leave. */
export function reshape(shape: Shape): ReshapeLayer {
  return { kind: "reshape", shape };
}

/** Extent i of the output is extent `order[i]` of the input. */
export function permute(order: readonly number[]): PermuteLayer {
  return { kind: "permute", order: [...order] };
}

/** `value` around the input: so many entries before and after along each extent. */
export function pad(before: readonly number[], after: readonly number[], value = 0): PadLayer {
  return { kind: "pad", before: [...before], after: [...after], value };
}

/** The entries `index` of an extent: parts, other orders, repetitions. */
export function take(axis: number, index: readonly number[]): TakeLayer {
  return { kind: "take", axis, index: [...index] };
}

/** All features in one extent: `[features]`. */
export function flatten(): FlattenLayer {
  return { kind: "flatten" };
}

/** The input as it is: a named place in the graph. */
export function identity(): IdentityLayer {
  return { kind: "identity" };
}

/** The sum of two or more inputs of one shape: a skip connection's end. */
export function add(): AddLayer {
  return { kind: "add" };
}

/** Two or more inputs stacked along their first extent (channels); the other extents must agree. */
export function concat(): ConcatLayer {
  return { kind: "concat" };
}

/** max(z, 0). */
export function relu(): Activation {
  return { kind: "relu" };
}

/** z above 0, slope · z below. The slope must be at least 0. */
export function leakyRelu(slope = 0.01): Activation {
  return { kind: "leaky-relu", slope };
}

/** z, cut to [minimum, maximum]. */
export function hardtanh(minimum = -1, maximum = 1): Activation {
  return { kind: "hardtanh", minimum, maximum };
}

/** The hyperbolic tangent. */
export function tanh(): Activation {
  return { kind: "tanh" };
}

/** 1/(1 + exp(−z)). */
export function sigmoid(): Activation {
  return { kind: "sigmoid" };
}
