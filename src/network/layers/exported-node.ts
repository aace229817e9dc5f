import type { Shape } from "../shape.js";

/** An integer or integers, or a real number, which ONNX keeps in single precision. */
export type AttributeValue = number | readonly number[] | { readonly real: number };

/** The tensors that a layer's nodes read beside activations; each call writes one and gives its name. */
export interface LayerTensors {
  /** A parameter of the layer. */
  parameter(name: string): string;
  /** Real constants of the layer. */
  reals(name: string, values: readonly number[], shape: Shape): string;
  integers(name: string, values: readonly number[]): string;
}

/** One node: it reads the layer's inputs, or what the node before it made, and then these tensors. */
export interface ExportedNode {
  readonly op: string;
  readonly tensors?: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

/** The nodes of a layer, one after the other. */
export type ExportedNodes = readonly [ExportedNode, ...ExportedNode[]];

export function affineParameters(
  { bias }: { readonly bias: boolean },
  tensors: LayerTensors,
): readonly string[] {
  return (bias ? ["weight", "bias"] : ["weight"]).map(tensors.parameter);
}
