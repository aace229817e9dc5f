import type { Network } from "../network/network.js";
import { sizeOf } from "../network/shape.js";
import type { DualGraph } from "./backward.js";
import { costBelow, costOfGenerators } from "./cost.js";
import { ruleOf } from "./layers/index.js";
import { patchChain, patchCost } from "./receptive-field.js";

/**
 * How neurons of a node are bounded: `box` by the box alone, which decides them all; `patches` and `backward` row by row,
 * each row cropped to what its neuron sees, or whole; `forward` all at once, by generators from the input; `sketch` all at
 * once, estimated by random projections.
 */
export type Way = "box" | "patches" | "backward" | "forward" | "sketch";

/** How the neurons of a node are to be bounded, all examples together. */
export interface NodePlan {
  readonly way: Way;
  /** The convolutions of `patches`. */
  readonly chain: readonly number[] | null;
  /** Whether neurons that merely pass their width on are to have exact ones, too. */
  readonly tightening: boolean;
  /** Rows or generators, and what they take. */
  readonly rows: number;
  readonly multiplyAdds: number;
}

/** What became of an activation's input, or of the margins, for one batch. */
export interface LayerReport {
  /** The activation's name, or `margins`. */
  readonly name: string;
  readonly way: Way;
  /** Of the batch: all neurons, those whose lines depend on the bounds, and the rows or generators that it took. */
  readonly neurons: number;
  readonly open: number;
  readonly rows: number;
  readonly multiplyAdds: number;
  /** Since the report before, the layers on the way here included. */
  readonly seconds: number;
}

/** What is known of a node when its neurons are to be bounded. */
export interface NodeDemand {
  readonly node: number;
  readonly examples: number;
  /** Neurons whose lines depend on the bounds. */
  readonly open: number;
  /** Neurons whose lines are fixed and that pass their width on. */
  readonly passing: number;
  /** Generators by the node at which they arise; null where they cannot be used. */
  readonly generators: ReadonlyMap<number, number> | null;
  /** The most generators that memory has room for. */
  readonly mostGenerators: number;
  /** Random projections, where they may take the place of exact bounds. */
  readonly sketch?: SketchDemand;
}

export interface SketchDemand {
  /** Projections, all examples together. */
  readonly rows: number;
  /** Projections are at hand at nodes up to this one. */
  readonly reached: number;
}

/** Exact widths of passing neurons may take this fraction of a row for every neuron of the next activation. */
const TIGHTENING_PAYS = 0.1;

/** The plan that projects, whatever else there is. */
export function planSketch(graph: DualGraph, node: number, { rows, reached }: SketchDemand): NodePlan {
  const generators = new Map([[reached, rows]]);
  const multiplyAdds = costOfGenerators(graph.network, node, generators);
  return { way: "sketch", chain: null, tightening: false, rows, multiplyAdds };
}

/**
 * The cheapest way by multiply-adds. All give the same bounds, so that the price alone decides; projections, where they
 * are allowed, give estimates of them.
 */
export function planNode(graph: DualGraph, demand: NodeDemand): NodePlan {
  const exact = planExactly(graph, demand);
  if (!demand.sketch || exact.way === "box") return exact;
  const sketch = planSketch(graph, demand.node, demand.sketch);
  return sketch.multiplyAdds < exact.multiplyAdds ? sketch : exact;
}

function planExactly(graph: DualGraph, demand: NodeDemand): NodePlan {
  const { network } = graph;
  const { node, examples, open, passing, generators } = demand;
  const dense = costBelow(network, node);
  const candidate = patchChain(graph, node);
  const cropped = candidate ? patchCost(graph, candidate) : Number.POSITIVE_INFINITY;
  const chain = cropped < dense ? candidate : null;
  const tightening =
    chain !== null && passing * cropped <= TIGHTENING_PAYS * examples * costOfNextActivation(network, node);
  const rows = open + (tightening ? passing : 0);
  if (rows === 0) return { way: "box", chain, tightening, rows, multiplyAdds: 0 };
  const backward = rows * Math.min(cropped, dense);
  if (generators) {
    const count = [...generators.values()].reduce((sum, own) => sum + own, 0);
    const forward = costOfGenerators(network, node, generators);
    if (forward < backward && count <= demand.mostGenerators) {
      return { way: "forward", chain: null, tightening: false, rows: count, multiplyAdds: forward };
    }
  }
  return { way: chain ? "patches" : "backward", chain, tightening, rows, multiplyAdds: backward };
}

/** A row for every neuron of the activation after the one that this node feeds, as if all were open; 0 without one. */
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
