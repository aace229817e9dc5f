import { isActivation, type NetworkNode } from "../../network/network.js";
import type { Subject } from "../../network/subject.js";
import { type Bounds, NeuronState, type NodeBounds } from "../dual-layer.js";
import { ruleOf } from "../layers/index.js";

/**
 * By activation, the neurons whose lines depend on their bounds: what branch and bound may decide. Activations of one node
 * have the same list.
 */
export function unstableNeurons(
  subject: Subject,
  bounds: NodeBounds<Float64Array>,
): ReadonlyMap<number, Int32Array> {
  const byNode = new Map<number, Int32Array>();
  const unstable = new Map<number, Int32Array>();
  for (const [activation, node] of subject.network.nodes.entries()) {
    if (!isActivation(node)) continue;
    const below = node.inputs[0] as number;
    const own = bounds.get(below);
    if (!own) continue;
    const neurons = byNode.get(below) ?? unstableAmong(subject, below, own, isActivation);
    byNode.set(below, neurons);
    unstable.set(activation, neurons);
  }
  return unstable;
}

/** How many neurons are unstable, all activations together. */
export function countUnstable(unstable: ReadonlyMap<number, Int32Array>): number {
  return [...unstable.values()].reduce((sum, neurons) => sum + neurons.length, 0);
}

/** The neurons of a node whose bounds still change the lines of what reads it: activations, and max pooling as well. */
export function unstableAt(subject: Subject, node: number, bounds: Bounds<Float64Array>): Int32Array {
  return unstableAmong(
    subject,
    node,
    bounds,
    (reader) => isActivation(reader) || reader.layer?.kind === "max-pool",
  );
}

/** The neurons of a node that are unstable to any of its readers that count. */
function unstableAmong(
  { network, bindings }: Subject,
  node: number,
  { lower, upper }: Bounds<Float64Array>,
  counts: (reader: NetworkNode) => boolean,
): Int32Array {
  const unstable = new Set<number>();
  for (const [i, reader] of network.nodes.entries()) {
    if (reader.layer === null || !counts(reader)) continue;
    if (!(reader.inputs as readonly number[]).includes(node)) continue;
    const rule = ruleOf(reader.layer);
    if (rule.form !== "enclosed") continue;
    const states = rule.states(reader.layer, network.context(i, bindings), lower, upper, 1);
    for (const [neuron, state] of states.entries()) if (state === NeuronState.unstable) unstable.add(neuron);
  }
  return Int32Array.from(unstable).sort();
}
