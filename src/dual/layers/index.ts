import type { Layer, LayerKind, LayerOf } from "../../network/layer.js";
import type { DualRule } from "../dual-layer.js";
import { add } from "./add.js";
import { averagePool } from "./average-pool.js";
import { batchNorm } from "./batch-norm.js";
import { concat } from "./concat.js";
import { convTranspose2d } from "./conv-transpose2d.js";
import { conv2d } from "./conv2d.js";
import { hardtanh } from "./hardtanh.js";
import { leakyRelu } from "./leaky-relu.js";
import { linear } from "./linear.js";
import { maxPool } from "./max-pool.js";
import { rearrangement } from "./rearrangement.js";
import { relu } from "./relu.js";
import { reshape } from "./reshape.js";
import { scaleShift } from "./scale-shift.js";
import { sigmoid } from "./sigmoid.js";
import { tanh } from "./tanh.js";

const RULES: { readonly [K in LayerKind]: DualRule<LayerOf<K>> } = {
  linear,
  conv2d,
  "conv-transpose2d": convTranspose2d,
  "batch-norm": batchNorm,
  "average-pool": averagePool,
  "scale-shift": scaleShift,
  reshape,
  permute: rearrangement,
  pad: rearrangement,
  take: rearrangement,
  flatten: reshape,
  identity: reshape,
  add,
  concat,
  relu,
  "leaky-relu": leakyRelu,
  hardtanh,
  tanh,
  sigmoid,
  "max-pool": maxPool,
};

/** The dual of a layer's kind. */
export function ruleOf<L extends Layer>(layer: L): DualRule<L> {
  return RULES[layer.kind] as unknown as DualRule<L>;
}
