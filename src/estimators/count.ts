import type { SketchForm } from "../dual/estimator.js";
import { ruleOf } from "../dual/layers/index.js";
import type { Layer } from "../network/layer.js";
import type { Network } from "../network/network.js";
import { sizeOf } from "../network/shape.js";

/** The nodes whose neurons are bounded, the inputs of activations, in order. */
function boundedNodes({ nodes }: Network): number[] {
  return nodes.flatMap(({ layer, inputs }) => {
    if (!layer || ruleOf(layer).form !== "enclosed") return [];
    return [inputs[0] as number];
  });
}

/** How many neurons are bounded before each activation, in order: n₂, n₃, … of the paper. */
export function boundedNeurons(network: Network): number[] {
  return boundedNodes(network).map((node) => sizeOf(network.nodes[node].shape));
}

/** Layers of one input that take each feature by itself, so that what was independent stays so. */
const BY_ITSELF: readonly string[] = ["batch-norm", "scale-shift", "reshape", "flatten", "identity"];
/** Layers of one input whose outputs are sums over it. */
const SUMS: readonly string[] = ["linear", "conv2d", "average-pool"];

/** Whether one sum over inputs at most lies between the input and a node: its radius can be had exactly. */
function isExact({ nodes }: Network, node: number): boolean {
  let sums = 0;
  for (let at = node; at > 0; [at] = nodes[at].inputs as readonly number[]) {
    const { kind } = nodes[at].layer as Layer;
    if (SUMS.includes(kind)) sums += 1;
    else if (!BY_ITSELF.includes(kind)) return false;
  }
  return sums <= 1;
}

/**
 * N, the estimates of one example that a union bound counts (Appendix E), of layers wider than the projection dimension.
 * `per-term`, the paper's: each neuron has an estimate for the input and for each activation below it, n₂ + 2n₃ + 3n₄ + ….
 * `joint`: one for each neuron, but for those whose radius is exact, as in the first layer.
 */
export function countEstimates(network: Network, dimension: number, form: SketchForm): number {
  return boundedNodes(network).reduce((total, node, layer) => {
    const neurons = sizeOf(network.nodes[node].shape);
    if (neurons <= dimension) return total;
    if (form === "per-term") return total + (layer + 1) * neurons;
    return isExact(network, node) ? total : total + neurons;
  }, 0);
}
