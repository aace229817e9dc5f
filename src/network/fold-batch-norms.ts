import type { Layer } from "./layer.js";
import { graph, type Handle, type Network } from "./network.js";
import type { Model, Weights } from "./weights.js";

/**
 * A model whose batch norms, by their running statistics, are taken into the convolutions and matrices that they alone read: W ← s·W,
 * b ← s·(b − μ) + β for s = γ/√(σ² + ε), computed in double precision. The same function up to the rounding of the new weights; batch norms
 * elsewhere stay. A model without any to take in is given back.
 */
export function foldBatchNorms({ network, weights, ...rest }: Model): Model {
  const { into, folded } = foldedNetwork(network);
  if (into.size === 0) return { network, weights, ...rest };
  return { network: folded, weights: foldedWeights(network, folded, weights, into), ...rest };
}

/** A network without the batch norms that can be taken in: by each of these, as its number, the node that takes it. */
export interface FoldedNetwork {
  readonly folded: Network;
  readonly into: ReadonlyMap<number, number>;
}

const known = new WeakMap<Network, FoldedNetwork>();

/** The graph of `foldBatchNorms`, whose layers keep their names; the same object each time. */
export function foldedNetwork(network: Network): FoldedNetwork {
  const before = known.get(network);
  if (before) return before;
  const into = foldable(network);
  const found = { into, folded: into.size === 0 ? network : without(network, into) };
  known.set(network, found);
  return found;
}

function without(network: Network, into: ReadonlyMap<number, number>): Network {
  return graph(network.inputShape, (input, attach) => {
    const handles: Handle[] = [input];
    for (const [i, { layer, inputs, name }] of network.nodes.entries()) {
      if (layer === null) continue;
      const own = inputs.map((from) => handles[from]);
      if (into.has(i)) handles[i] = own[0];
      else handles[i] = attach.named(name, takesIn(into, i) ? withBias(layer) : layer, ...own);
    }
    return handles[network.output];
  });
}

/** By each batch norm that can be taken in, the node that takes it. */
function foldable(network: Network): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  const taken = new Set<number>();
  const readers = network.nodes.map(() => 0);
  for (const { inputs } of network.nodes) for (const input of new Set<number>(inputs)) readers[input] += 1;
  for (const [i, { layer, inputs }] of network.nodes.entries()) {
    if (layer?.kind !== "batch-norm") continue;
    const [before] = inputs;
    const kind = network.nodes[before].layer?.kind;
    if ((kind === "conv2d" || kind === "linear") && readers[before] === 1 && !taken.has(before)) {
      found.set(i, before);
      taken.add(before);
    }
  }
  return found;
}

function withBias(layer: Layer): Layer {
  return layer.kind === "conv2d" || layer.kind === "linear" ? { ...layer, bias: true } : layer;
}

function takesIn(into: ReadonlyMap<number, number>, node: number): boolean {
  return [...into.values()].includes(node);
}

function foldedWeights(
  before: Network,
  after: Network,
  weights: Weights,
  into: ReadonlyMap<number, number>,
): Weights {
  const all = new Map(weights);
  for (const [norm, node] of into) {
    const { layer, name } = before.nodes[norm];
    if (layer?.kind !== "batch-norm") continue;
    const of = (parameter: string) => weights.get(`${name}.${parameter}`) as Float64Array | Float32Array;
    const [gamma, beta, mean, variance] = ["weight", "bias", "mean", "variance"].map(of);
    const scale = Float64Array.from(variance, (value, c) => gamma[c] / Math.sqrt(value + layer.epsilon));
    const target = before.nodes[node].name;
    const weight = weights.get(`${target}.weight`) as Float64Array | Float32Array;
    const bias = weights.get(`${target}.bias`);
    const line = weight.length / scale.length;
    all.set(
      `${target}.weight`,
      weight.map((value, i) => value * scale[Math.floor(i / line)]),
    );
    const shifted = Float64Array.from(scale, (s, c) => s * ((bias?.[c] ?? 0) - mean[c]) + beta[c]);
    all.set(`${target}.bias`, weight instanceof Float32Array ? Float32Array.from(shifted) : shifted);
  }
  return new Map(after.parameters.map(({ name }) => [name, all.get(name) as Float64Array | Float32Array]));
}
