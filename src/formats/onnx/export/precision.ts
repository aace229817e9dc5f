import { TensorProto_DataType as DataType } from "onnx-buf";
import type { Layer } from "../../../network/layer.js";
import type { Network } from "../../../network/network.js";
import type { Weights } from "../../../network/weights.js";

/** The type of all real numbers of an exported graph. */
export type ElementType = DataType.FLOAT | DataType.DOUBLE;

/**
 * Single precision, unless a weight needs double precision to be exact or a layer's constant is beyond single
 * precision's range. Constants within that range are rounded: a normalisation by 1/0.3081 makes no weight double.
 */
export function elementTypeOf(network: Network, weights: Weights): ElementType {
  const needsDouble =
    network.parameters.some(({ name }) => !isSingle(weights.get(name) ?? [])) ||
    network.nodes.some(({ layer }) => layer !== null && constantsOf(layer).some(isBeyondSingle));
  return needsDouble ? DataType.DOUBLE : DataType.FLOAT;
}

/** Whether every number is one of single precision. */
export function isSingle(values: ArrayLike<number>): boolean {
  if (values instanceof Float32Array) return true;
  for (let i = 0; i < values.length; i++) if (Math.fround(values[i]) !== values[i]) return false;
  return true;
}

function isBeyondSingle(value: number): boolean {
  return Number.isFinite(value) && !Number.isFinite(Math.fround(value));
}

/** The real numbers that a layer's description holds and that become tensors. */
function constantsOf(layer: Layer): readonly number[] {
  switch (layer.kind) {
    case "scale-shift":
      return [...layer.scale, ...layer.shift];
    case "hardtanh":
      return [layer.minimum, layer.maximum];
    case "pad":
      return [layer.value];
    default:
      return [];
  }
}
