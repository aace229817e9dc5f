import { type ActivationKind, isActivationKind } from "../../activations/index.js";
import type { Layer, LayerKind, LayerOf } from "../../network/layer.js";
import type { DualRule } from "../dual-layer.js";
import { add } from "./add.js";
import { averagePool } from "./average-pool.js";
import { batchNorm } from "./batch-norm.js";
import { concat } from "./concat.js";
import { convTranspose2d } from "./conv-transpose2d.js";
import { conv2d } from "./conv2d.js";
import { elementwise } from "./elementwise.js";
import { linear } from "./linear.js";
import { maxPool } from "./max-pool.js";
import { rearrangement } from "./rearrangement.js";
import { reshape } from "./reshape.js";
import { scaleShift } from "./scale-shift.js";

const RULES: { readonly [K in Exclude<LayerKind, ActivationKind | "custom">]: DualRule<LayerOf<K>> } = {
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
  "max-pool": maxPool,
};

/** The dual of a layer's kind; a custom layer brings its own. */
export function ruleOf<L extends Layer>(layer: L): DualRule<L> {
  return anyRuleOf(layer) as DualRule<L>;
}

function anyRuleOf(layer: Layer): unknown {
  if (layer.kind === "custom") return layer.definition.dual;
  return isActivationKind(layer.kind) ? elementwise : RULES[layer.kind];
}
