import { UnsupportedOperatorError } from "../../../errors.js";
import type { ExportedNodes, LayerTensors } from "../../../network/layers/exported-node.js";
import { definitionOf } from "../../../network/layers/index.js";
import type { NetworkNode } from "../../../network/network.js";
import type { Shape } from "../../../network/shape.js";

/** The nodes that do what a layer does. An `UnsupportedOperatorError` for a layer that ONNX has no operators for. */
export function exportLayer(
  { name, layer }: Pick<NetworkNode, "name" | "layer">,
  inputs: readonly Shape[],
  tensors: LayerTensors,
): ExportedNodes {
  const { onnx } = definitionOf(layer);
  if (onnx) return onnx(layer, inputs, tensors);
  throw new UnsupportedOperatorError(`layer "${name}": ONNX has no operators for ${layer.kind}`);
}
