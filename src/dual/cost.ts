import { definitionOf } from "../network/layers/index.js";
import type { Network } from "../network/network.js";
import { sizeOf } from "../network/shape.js";

/** Multiply-adds of one row, or one generator, through the layer at a node. */
export function layerCost({ nodes }: Network, node: number): number {
  const { layer, inputs, shape } = nodes[node];
  if (layer === null) return 0;
  const { multiplyAdds } = definitionOf(layer);
  if (!multiplyAdds) return positionwiseCost(sizeOf(shape));
  return multiplyAdds(
    layer,
    inputs.map((i) => nodes[i].shape),
    shape,
  );
}

/** Of a layer that acts feature by feature: a slope and a radius, or a scale and a constant. */
export function positionwiseCost(features: number): number {
  return 2 * features;
}

/** Multiply-adds of a row from a node's value back to the input, once it has left the node's own layer. */
export function costBelow(network: Network, node: number): number {
  let total = 0;
  for (const at of nodesBelow(network, node)) total += layerCost(network, at);
  return total;
}

function nodesBelow({ nodes }: Network, node: number): Set<number> {
  const found = new Set<number>();
  const waiting: number[] = [...nodes[node].inputs];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (found.has(at)) continue;
    found.add(at);
    waiting.push(...nodes[at].inputs);
  }
  return found;
}

/** Generators that arose at nodes, each pushed forward to the given one. */
export function costOfGenerators(
  network: Network,
  node: number,
  generators: ReadonlyMap<number, number>,
): number {
  const below = nodesBelow(network, node);
  let [total, pushed] = [0, 0];
  // Nodes stand in topological order: those that arose so far are the ones that a layer is paid for.
  for (let at = 0; at <= node; at++) {
    if (pushed > 0 && (at === node || below.has(at))) total += pushed * layerCost(network, at);
    pushed += generators.get(at) ?? 0;
  }
  return total;
}

/** By node, the first one that reads it; −1 where none does. */
export function firstReaders({ nodes }: Network): Int32Array {
  const readers = new Int32Array(nodes.length).fill(-1);
  for (const [node, { inputs }] of nodes.entries()) {
    for (const input of inputs) if (readers[input] < 0) readers[input] = node;
  }
  return readers;
}
