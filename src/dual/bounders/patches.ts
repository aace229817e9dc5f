import type { Network } from "../../network/network.js";
import { sizeOf } from "../../network/shape.js";
import { costBelow } from "../cost.js";
import { ruleOf } from "../layers/index.js";
import type { Unsettled } from "../neuron-lists.js";
import { rowsThroughPatches } from "../patch-rows.js";
import { patchCost } from "../windows.js";
import { type Bounder, type NodeToBound, rowsOf } from "./bounder.js";
import { boundByRows } from "./rows.js";

/** A row for each neuron (equation 8), cropped to what it sees of images, where branches meet of all of them. */
export const patches: Bounder = {
  way: "patches",
  cost({ graph, node }, neurons) {
    const rows = rowsOf(neurons);
    const each = rows === 0 ? null : patchCost(graph, node);
    return each && { rows, multiplyAdds: rows * each.multiplyAdds };
  },
  bound(node, neurons) {
    const { graph } = node;
    const cost = patchCost(graph, node.node);
    if (!cost) throw new Error(`rows from node ${node.node} have no patches`);
    return boundByRows(node, neurons, {
      view: (index, owner) => rowsThroughPatches(graph, node.node, index, owner),
      features: cost.features,
      multiplyAdds: cost.multiplyAdds,
      keepsNothing: false,
      isOneOperation: cost.isOneOperation,
    });
  },
};

/** Rows of active neurons may take this fraction of a row for every neuron of the next activation. */
const TIGHTENING_PAYS = 0.1;

/**
 * Whether active neurons are to have the dual network's own widths, too: where rows are patches and these cost little
 * against what is saved further on. With parallel lines the margins stay the same.
 */
export function tighteningPays(
  { graph, node, lines, examples }: NodeToBound,
  { active }: Unsettled,
): boolean {
  const cropped = lines === "parallel" ? patchCost(graph, node)?.multiplyAdds : undefined;
  if (cropped === undefined || cropped >= costBelow(graph.network, node)) return false;
  const next = costOfNextActivation(graph.network, node);
  return active.index.length * cropped <= TIGHTENING_PAYS * examples * next;
}

/** A row for every neuron of the activation after the one that this node feeds, as if all were unstable; 0 without one. */
function costOfNextActivation(network: Network, node: number): number {
  const { nodes, output } = network;
  const own = nodes.findIndex(({ inputs }) => (inputs as readonly number[]).includes(node));
  for (let at = own + 1; at <= output; at++) {
    const { layer, inputs } = nodes[at];
    if (!layer || ruleOf(layer).form !== "enclosed") continue;
    const [input] = inputs as readonly number[];
    return sizeOf(nodes[input].shape) * costBelow(network, input);
  }
  return 0;
}
