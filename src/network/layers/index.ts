import { ACTIVATION_KINDS, type Activation, type ActivationKind } from "../../activations/index.js";
import { activationLayer } from "./activation.js";
import { type AveragePoolLayer, averagePoolDefinition } from "./average-pool.js";
import { type BatchNormLayer, batchNormDefinition } from "./batch-norm.js";
import { type ConvTranspose2dLayer, convTranspose2dDefinition } from "./conv-transpose2d.js";
import { type Conv2dLayer, conv2dDefinition } from "./conv2d.js";
import { type CustomLayer, customDefinition } from "./custom.js";
import type { LayerDefinition } from "./definition.js";
import type { AnyFields } from "./fields.js";
import { type AddLayer, addDefinition, type ConcatLayer, concatDefinition } from "./join.js";
import { type LinearLayer, linearDefinition } from "./linear.js";
import { type MaxPoolLayer, maxPoolDefinition } from "./max-pool.js";
import {
  type PadLayer,
  type PermuteLayer,
  padDefinition,
  permuteDefinition,
  type TakeLayer,
  takeDefinition,
} from "./rearrangement.js";
import {
  type FlattenLayer,
  flattenDefinition,
  type IdentityLayer,
  identityDefinition,
  type ReshapeLayer,
  reshapeDefinition,
} from "./reshape.js";
import { type ScaleShiftLayer, scaleShiftDefinition } from "./scale-shift.js";

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

/** What a node of a network does: plain data that can be written to a file and read back, but for custom layers. */
export type Layer = AffineLayer | Activation | MaxPoolLayer | CustomLayer;

/** What a layer is called in files and in names of nodes. */
export type LayerKind = Layer["kind"];
export type LayerOf<K extends LayerKind> = Extract<Layer, { kind: K }>;

const OTHERS: { readonly [K in Exclude<LayerKind, ActivationKind>]: LayerDefinition<LayerOf<K>> } = {
  linear: linearDefinition,
  conv2d: conv2dDefinition,
  "conv-transpose2d": convTranspose2dDefinition,
  "batch-norm": batchNormDefinition,
  "average-pool": averagePoolDefinition,
  "max-pool": maxPoolDefinition,
  "scale-shift": scaleShiftDefinition,
  reshape: reshapeDefinition,
  permute: permuteDefinition,
  pad: padDefinition,
  take: takeDefinition,
  flatten: flattenDefinition,
  identity: identityDefinition,
  add: addDefinition,
  concat: concatDefinition,
  custom: customDefinition,
};

const DEFINITIONS = {
  ...OTHERS,
  ...Object.fromEntries(ACTIVATION_KINDS.map((kind) => [kind, activationLayer(kind)])),
} as unknown as Readonly<Record<LayerKind, LayerDefinition<Layer>>>;

/** Every kind of layer that a network may contain. */
export const LAYER_KINDS = Object.keys(DEFINITIONS) as LayerKind[];

/** The definition of a layer's kind. */
export function definitionOf<L extends Layer>({ kind }: L): LayerDefinition<L> {
  return DEFINITIONS[kind] as unknown as LayerDefinition<L>;
}

/** What a file says of a layer of this kind, field by field; null where it cannot be written to one. */
export function fieldsOf(kind: LayerKind): AnyFields | null {
  return DEFINITIONS[kind].fields;
}
