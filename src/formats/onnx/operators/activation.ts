import type { Activation } from "../../../compute/elementwise.js";
import type { OperatorImport } from "../graph-import.js";

/** An activation without attributes. */
export function activation(layer: Activation): OperatorImport {
  return (node, graph) => graph.attach(node.name, layer, [graph.activation(node, 0)]);
}
