import {
  crop,
  gather,
  multiply,
  norm,
  patchNorm,
  reshape,
  scaleBy,
  sum,
  type Tape,
  type Variable,
} from "../autodiff/index.js";
import { OWN, type Owners, SHARED } from "../compute/owners.js";
import { sizeOf } from "../network/shape.js";
import type { DualGraph, Objective } from "./backward.js";
import type { AffineDual, Collected, Patch, Want } from "./dual-layer.js";
import { cropWindow, dotWithin } from "./patch.js";

/** Beyond this fraction of the first image a patch saves nothing. */
const WORTHWHILE = 0.5;

/**
 * The nodes from a convolution's output back to the input, if rows that start there can be cropped to their receptive
 * fields: a chain of convolutions, elementwise activations and scalings by channel, the patch clearly smaller than
 * the image. Null otherwise; the dense way is always open.
 */
export function patchChain(graph: DualGraph, node: number): number[] | null {
  const { network, layers } = graph;
  const chain: number[] = [];
  for (let at = node; at > 0; at = network.nodes[at].inputs[0] as number) {
    const { inputs, shape } = network.nodes[at];
    const layer = layers[at];
    if (inputs.length !== 1 || shape.length !== 3 || !layer) return null;
    if (at === node ? layer.kind !== "affine" || !layer.selectPatch : !layer.crop) return null;
    chain.push(at);
  }
  const [start] = chain;
  if (start === undefined || network.inputShape.length !== 3) return null;
  const patch = (layers[start] as Required<AffineDual>).fieldOf(new Int32Array(0));
  const [, height, width] = network.nodes[network.nodes[start].inputs[0] as number].shape;
  return patch.height * patch.width <= WORTHWHILE * height * width ? chain : null;
}

/** The largest number of features that a row holds on its way along a chain. */
export function patchFeatures(graph: DualGraph, chain: readonly number[]): number {
  const { network, layers } = graph;
  let patch = (layers[chain[0]] as Required<AffineDual>).fieldOf(new Int32Array(0));
  let most = 0;
  for (let i = 0; i < chain.length; i++) {
    const below = network.nodes[chain[i]].inputs[0] as number;
    most = Math.max(most, network.nodes[below].shape[0] * patch.height * patch.width);
    patch = layers[chain[i + 1]]?.crop?.(patch, OWN).input ?? patch;
  }
  return most;
}

/**
 * `propagateBack` for ±unit vectors of a convolution's output, each row cropped to what its neuron sees. The same
 * numbers for a fraction of the work: on small images a neuron of a second convolution sees a tenth of the first.
 */
export function propagatePatches(
  tape: Tape,
  graph: DualGraph,
  chain: readonly number[],
  index: Int32Array,
  sign: 1 | -1,
  owners: Owners,
  want: Want,
): Objective {
  const { network, layers } = graph;
  const first = layers[chain[0]] as Required<AffineDual>;
  const signed = (x: Variable): Variable => (sign === 1 ? x : scaleBy(tape, x, -1));
  const centre: Variable[] = [];
  const radius: Variable[] = [];
  const keep = (collected: Collected): void => {
    if (collected.centre) centre.push(collected.centre);
    if (collected.radius) radius.push(collected.radius);
  };
  if (want.centre && first.offset) {
    keep({ centre: signed(reshape(tape, gather(tape, first.offset, index), 1, index.length)) });
  }
  let nu = signed(first.selectPatch(tape, index));
  let patch: Patch = first.fieldOf(index);
  let mixed = true;
  for (const node of chain.slice(1)) {
    const layer = layers[node];
    const cropped = layer?.crop?.(patch, owners);
    if (!layer || !cropped) throw new Error(`node ${node} cannot be cropped`);
    const mixing = layer.kind === "affine" && layer.coupling === "mixing";
    // Padding is not a neuron: what a convolution sends there must not be read by the convolution before it.
    if (mixed && mixing) nu = maskOutside(tape, nu, network.nodes[node].shape, patch);
    const step = cropped.back(tape, nu, want);
    keep(step);
    const [next] = step.nus;
    // An identity hands on what lies on the padding, too.
    const passes = next.value === nu.value;
    if (!passes) tape.discard(nu);
    nu = next;
    patch = cropped.input;
    mixed = mixing || (mixed && passes);
  }
  const window = cropWindow(network.inputShape, patch);
  const { ballCentre, ballRadius, dualOrder } = graph;
  keep({
    centre: want.centre ? dotWithin(tape, nu, ballCentre, owners, window) : undefined,
    radius:
      dualOrder === 1
        ? patchNorm(tape, nu, ballRadius, owners, window)
        : norm(tape, nu, crop(tape, ballRadius, owners, window), OWN, dualOrder),
  });
  return { centre: want.centre ? sum(tape, centre) : undefined, radius: sum(tape, radius) };
}

function maskOutside(tape: Tape, nu: Variable, shape: readonly number[], patch: Patch): Variable {
  const ones = tape.own(tape.backend.filled(sizeOf(shape), 1, 1));
  const inside = crop(tape, ones, SHARED, cropWindow(shape, patch));
  const masked = multiply(tape, nu, inside);
  tape.discard(ones, inside, nu);
  return masked;
}
