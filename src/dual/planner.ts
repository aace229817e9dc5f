import type { Bounder, Cost, Neurons, NodeToBound, Settled, Way } from "./bounders/bounder.js";
import { tighteningPays } from "./bounders/patches.js";
import type { NeuronList, Unsettled } from "./neuron-lists.js";

/** How the neurons of a node are to be bounded, all examples together. */
export interface NodePlan extends Cost {
  readonly way: Way;
  /** Does it. */
  bound(): Settled | Promise<Settled>;
}

/** What became of an activation's input, or of the margins, for one batch. */
export interface LayerReport {
  /** The activation's name, or `margins`. */
  readonly name: string;
  readonly way: Way;
  /**
   * Of the batch: all neurons, those that are unstable, and the rows or generators that it took. Of `margins`, unstable are
   * those that the box does not prove.
   */
  readonly neurons: number;
  readonly unstable: number;
  readonly rows: number;
  readonly multiplyAdds: number;
  /** Since the report before, the layers on the way here included. */
  readonly seconds: number;
}

const NO_NEURON: NeuronList = { index: new Int32Array(0), owner: new Int32Array(0) };
const NOT_LOOKED_AT: Neurons = { unstable: NO_NEURON, active: NO_NEURON, tightening: false };

/** The plan of the first bounder that takes a node without a look at its neurons; null where none does. */
export function planAtSight(bounders: readonly Bounder[], node: NodeToBound): NodePlan | null {
  for (const bounder of bounders) {
    const cost = bounder.claim?.(node);
    if (cost) return planOf(bounder, cost, node, NOT_LOOKED_AT);
  }
  return null;
}

/** The cheapest plan by multiply-adds; of two that cost the same, that of the plainer bounder, which stands further back. */
export function planNode(bounders: readonly Bounder[], node: NodeToBound, unsettled: Unsettled): NodePlan {
  const neurons: Neurons = { ...unsettled, tightening: tighteningPays(node, unsettled) };
  const plans = bounders.flatMap((bounder) => {
    const cost = bounder.cost(node, neurons);
    return cost ? [planOf(bounder, cost, node, neurons)] : [];
  });
  return plans.reduce((best, plan) => (plan.multiplyAdds <= best.multiplyAdds ? plan : best));
}

function planOf(bounder: Bounder, cost: Cost, node: NodeToBound, neurons: Neurons): NodePlan {
  return { ...cost, way: bounder.way, bound: () => bounder.bound(node, neurons) };
}
