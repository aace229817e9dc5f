import { NeuronState } from "../dual/dual-layer.js";
import { ruleOf } from "../dual/layers/index.js";
import { isActivation } from "../network/network.js";
import type { NodeBounds } from "./root-bounds.js";
import type { Subject } from "./subject.js";

/**
 * By activation, the neurons whose lines depend on their bounds: what branch and bound may decide. Activations of one node
 * have the same list.
 */
export function openNeurons(
  { network, bindings }: Subject,
  bounds: NodeBounds,
): ReadonlyMap<number, Int32Array> {
  const byNode = new Map<number, Set<number>>();
  const activations = network.nodes.flatMap((node, i) => {
    if (node.layer === null || !isActivation(node)) return [];
    const below = node.inputs[0] as number;
    const own = bounds.get(below);
    const rule = ruleOf(node.layer);
    if (!own || rule.form !== "enclosed") return [];
    const states = rule.states(node.layer, network.context(i, bindings), own.lower, own.upper, 1);
    const open = byNode.get(below) ?? new Set<number>();
    for (const [neuron, state] of states.entries()) if (state === NeuronState.open) open.add(neuron);
    byNode.set(below, open);
    return [{ activation: i, below }];
  });
  return new Map(
    activations.map(({ activation, below }) => [activation, Int32Array.from(byNode.get(below) ?? []).sort()]),
  );
}

/** How many neurons are open, all activations together. */
export function countOpen(open: ReadonlyMap<number, Int32Array>): number {
  return [...open.values()].reduce((sum, neurons) => sum + neurons.length, 0);
}
