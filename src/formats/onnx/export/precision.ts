import { TensorProto_DataType as DataType } from "onnx-buf";
import type { Network, NetworkNode } from "../../../network/network.js";
import type { Weights } from "../../../network/weights.js";
import { exportLayer } from "./export-layer.js";

/** The type of all real numbers of an exported graph. */
export type ElementType = DataType.FLOAT | DataType.DOUBLE;

/**
 * Single precision, unless a weight needs double precision to be exact or a layer's constant is beyond single
 * precision's range. Constants within that range are rounded: a normalisation by 1/0.3081 makes no weight double.
 */
export function elementTypeOf(network: Network, weights: Weights): ElementType {
  const needsDouble =
    network.parameters.some(({ name }) => !isSingle(weights.get(name) ?? [])) ||
    network.nodes.some((node) => node.layer !== null && constantsOf(network, node).some(isBeyondSingle));
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

/** The real numbers of a layer that become tensors beside its parameters. */
function constantsOf(network: Network, node: NetworkNode): readonly number[] {
  const found: number[] = [];
  exportLayer(
    node,
    node.inputs.map((input) => network.nodes[input].shape),
    {
      parameter: (name) => name,
      reals(name, values) {
        found.push(...values);
        return name;
      },
      integers: (name) => name,
    },
  );
  return found;
}
