import { largestOf } from "../../compute/extremes.js";
import { indexedOwners } from "../../compute/owners.js";
import { sizeOf } from "../../network/shape.js";
import { passesAtOnce } from "../backward.js";
import { costBelow } from "../cost.js";
import { wholeRows } from "../view.js";
import { type Bounder, rowsOf } from "./bounder.js";
import { boundByRows } from "./rows.js";

/** A whole row for each neuron (equation 8). Always possible. */
export const backward: Bounder = {
  way: "backward",
  cost({ graph, node }, neurons) {
    const rows = rowsOf(neurons);
    return rows === 0 ? null : { rows, multiplyAdds: rows * costBelow(graph.network, node) };
  },
  bound(node, neurons) {
    const { graph } = node;
    return boundByRows(node, neurons, {
      view: (_index, owner) => wholeRows(graph, indexedOwners(owner)),
      features: largestOf(graph.network.nodes.map(({ shape }) => sizeOf(shape))),
      multiplyAdds: costBelow(graph.network, node.node),
      keepsNothing: passesAtOnce(graph, node.node),
    });
  },
};
