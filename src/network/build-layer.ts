// The public names of layers: what builds them, and what is built. Each stands beside its definition.

export { type HardtanhActivation, hardtanh } from "../activations/hardtanh.js";
export { type LeakyReluActivation, leakyRelu } from "../activations/leaky-relu.js";
export { type ReluActivation, relu } from "../activations/relu.js";
export { type SigmoidActivation, sigmoid } from "../activations/sigmoid.js";
export { type TanhActivation, tanh } from "../activations/tanh.js";
export type { AffineLayer, Layer, LayerKind } from "./layer.js";
export { type AveragePoolLayer, averagePool } from "./layers/average-pool.js";
export { type BatchNormLayer, batchNorm } from "./layers/batch-norm.js";
export { type ConvTranspose2dLayer, convTranspose2d } from "./layers/conv-transpose2d.js";
export { type Conv2dLayer, type Conv2dOptions, conv2d } from "./layers/conv2d.js";
export type { CustomDefinition, CustomLayer } from "./layers/custom.js";
export type { Pair, PairLike, Sides, SidesLike, WindowOptions } from "./layers/extents.js";
export { type AddLayer, add, type ConcatLayer, concat } from "./layers/join.js";
export { type LinearLayer, linear } from "./layers/linear.js";
export { type MaxPoolLayer, maxPool } from "./layers/max-pool.js";
export {
  type PadLayer,
  type PermuteLayer,
  pad,
  permute,
  type TakeLayer,
  take,
} from "./layers/rearrangement.js";
export {
  type FlattenLayer,
  flatten,
  type IdentityLayer,
  identity,
  type ReshapeLayer,
  reshape,
} from "./layers/reshape.js";
export { normalize, type ScaleShiftLayer, scaleShift } from "./layers/scale-shift.js";
