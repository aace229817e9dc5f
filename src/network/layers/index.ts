import type { Layer, LayerKind, LayerOf } from "../layer.js";
import { activation } from "./activation.js";
import { averagePool } from "./average-pool.js";
import { batchNorm } from "./batch-norm.js";
import { convTranspose2d } from "./conv-transpose2d.js";
import { conv2d } from "./conv2d.js";
import type { LayerDefinition } from "./definition.js";
import { add, concat } from "./join.js";
import { linear } from "./linear.js";
import { maxPool } from "./max-pool.js";
import { pad, permute, take } from "./rearrangement.js";
import { flatten, identity, reshape } from "./reshape.js";
import { scaleShift } from "./scale-shift.js";

const DEFINITIONS: { readonly [K in LayerKind]: LayerDefinition<LayerOf<K>> } = {
  linear,
  conv2d,
  "conv-transpose2d": convTranspose2d,
  "batch-norm": batchNorm,
  "average-pool": averagePool,
  "scale-shift": scaleShift,
  reshape,
  permute,
  pad,
  take,
  flatten,
  identity,
  add,
  concat,
  relu: activation,
  "leaky-relu": activation,
  hardtanh: activation,
  tanh: activation,
  sigmoid: activation,
  "max-pool": maxPool,
};

/** Every kind of layer that a network may contain. */
export const LAYER_KINDS = Object.keys(DEFINITIONS) as LayerKind[];

/** The definition of a layer's kind. */
export function definitionOf<L extends Layer>(layer: L): LayerDefinition<L> {
  return DEFINITIONS[layer.kind] as unknown as LayerDefinition<L>;
}
