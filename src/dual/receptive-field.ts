import {
  dot,
  gather,
  norm,
  reshape,
  scaleBy,
  scaleShift,
  sum,
  type Tape,
  type Variable,
} from "../autodiff/index.js";
import { indexedOwners } from "../compute/owners.js";
import { sizeOf } from "../network/shape.js";
import type { DualGraph, Objective } from "./backward.js";
import type { AffineDual, Collected, Patch, Viewers, Want } from "./dual-layer.js";
import { lookAtPatch, OWN_VIEWERS } from "./patch.js";

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
    patch = layers[chain[i + 1]]?.crop?.(patch, OWN_VIEWERS).input ?? patch;
  }
  return most;
}

/**
 * Who looks: neighbouring rows of one example and one position share a viewer. Lists in which a position's channels lie
 * side by side have the fewest.
 */
function viewersOf(
  index: Int32Array,
  owner: Int32Array,
  positions: number,
): Viewers & { readonly places: Int32Array } {
  const rows = index.length;
  const viewer = new Int32Array(rows);
  const examples: number[] = [];
  const places: number[] = [];
  for (let row = 0; row < rows; row++) {
    const place = index[row] % positions;
    if (row === 0 || place !== places[places.length - 1] || owner[row] !== owner[row - 1]) {
      places.push(place);
      examples.push(owner[row]);
    }
    viewer[row] = places.length - 1;
  }
  return {
    examples: indexedOwners(Int32Array.from(examples)),
    rows: indexedOwners(viewer),
    places: Int32Array.from(places),
  };
}

/**
 * `propagateBack` for ±unit vectors of a convolution's output, feature `index[i]` of example `owner[i]`, each row cropped
 * to what its neuron sees. The same numbers for a fraction of the work: on small images a neuron of a second convolution
 * sees a tenth of the first.
 */
export function propagatePatches(
  tape: Tape,
  graph: DualGraph,
  chain: readonly number[],
  index: Int32Array,
  sign: 1 | -1,
  owner: Int32Array,
  want: Want,
): Objective {
  const { network, layers } = graph;
  const [, height, width] = network.nodes[chain[0]].shape;
  const viewers = viewersOf(index, owner, height * width);
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
  let patch: Patch = first.fieldOf(viewers.places);
  let mixed = true;
  for (const node of chain.slice(1)) {
    const layer = layers[node];
    const cropped = layer?.crop?.(patch, viewers);
    if (!layer || !cropped) throw new Error(`node ${node} cannot be cropped`);
    const mixing = layer.kind === "affine" && layer.coupling === "mixing";
    // Padding is not a neuron: what a convolution sends there must not be read by the convolution before it.
    if (mixed && mixing) nu = maskOutside(tape, nu, network.nodes[node].shape, patch, viewers);
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
  const look = lookAtPatch(tape, network.inputShape, patch, viewers);
  const radii = look(graph.ballRadius, "by example");
  keep({
    centre: want.centre
      ? dot(tape, nu, look(graph.ballCentre, "by example").values, radii.owners)
      : undefined,
    radius: norm(tape, nu, radii.values, radii.owners, graph.dualOrder),
  });
  return { centre: want.centre ? sum(tape, centre) : undefined, radius: sum(tape, radius) };
}

function maskOutside(
  tape: Tape,
  nu: Variable,
  shape: readonly number[],
  patch: Patch,
  viewers: Viewers,
): Variable {
  const ones = tape.own(tape.backend.filled(sizeOf(shape), 1, 1));
  const inside = lookAtPatch(tape, shape, patch, viewers)(ones, "shared");
  const masked = scaleShift(tape, nu, inside.values, undefined, inside.owners);
  tape.discard(ones, inside.values, nu);
  return masked;
}
