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
import type { BackwardStart, BackwardStep } from "../compute/backend.js";
import { indexedOwners } from "../compute/owners.js";
import { type Shape, sizeOf } from "../network/shape.js";
import type { DualGraph, Objective } from "./backward.js";
import type { AffineDual, Collected, CroppedLayer, Patch, Viewers, Want } from "./dual-layer.js";
import { type Look, lookAtPatch, OWN_VIEWERS, type Seen } from "./patch.js";

/**
 * The nodes from a convolution's output back to the input, if rows that start there can be cropped to their receptive
 * fields: a chain of convolutions, elementwise activations and scalings by channel. Null otherwise; the dense way is
 * always open.
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
  return chain.length > 0 && network.inputShape.length === 3 ? chain : null;
}

/** Multiply-adds of a row along a chain. */
export function patchCost({ layers }: DualGraph, chain: readonly number[]): number {
  let patch = (layers[chain[0]] as Required<AffineDual>).fieldOf(new Int32Array(0));
  let total = 0;
  for (const node of chain.slice(1)) {
    const cropped = layers[node]?.crop?.(patch, OWN_VIEWERS);
    if (!cropped) throw new Error(`node ${node} cannot be cropped`);
    total += cropped.multiplyAdds;
    patch = cropped.input;
  }
  return total;
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

/** Viewers, and the position of the output at which each looks. */
interface PlacedViewers extends Viewers {
  readonly places: Int32Array;
}

/**
 * Who looks: neighbouring rows of one example and one position share a viewer. Lists in which a position's channels lie
 * side by side have the fewest.
 */
function viewersOf(index: Int32Array, owner: Int32Array, positions: number): PlacedViewers {
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
  const [, height, width] = graph.network.nodes[chain[0]].shape;
  const viewers = viewersOf(index, owner, height * width);
  const first = graph.layers[chain[0]] as Required<AffineDual>;
  const path = patchPath(tape, graph, chain, viewers);
  if (!tape.recording && !want.centre) {
    const fused = fusedPatches(tape, graph, first, index, path);
    if (fused) return { centre: undefined, radius: fused };
  }
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
  for (const { layer, inside } of path.passages) {
    if (inside) nu = scaleShift(tape, nu, inside.values, undefined, inside.owners);
    const step = layer.back(tape, nu, want);
    keep(step);
    const [next] = step.nus;
    if (next.value !== nu.value) tape.discard(nu);
    nu = next;
  }
  const radii = path.look(graph.ballRadius, "by example");
  keep({
    centre: want.centre
      ? dot(tape, nu, path.look(graph.ballCentre, "by example").values, radii.owners)
      : undefined,
    radius: norm(tape, nu, radii.values, radii.owners, graph.dualOrder),
  });
  return { centre: want.centre ? sum(tape, centre) : undefined, radius: sum(tape, radius) };
}

/** The layers that patches pass through after the first convolution, and what is seen of the ball at the end. */
interface PatchPath {
  readonly passages: readonly {
    readonly layer: CroppedLayer;
    /** 1 where the patch lies inside of the layer's output, 0 on its padding; absent where ν is 0 there anyway. */
    readonly inside: Seen | undefined;
  }[];
  readonly look: Look;
}

function patchPath(
  tape: Tape,
  graph: DualGraph,
  chain: readonly number[],
  viewers: PlacedViewers,
): PatchPath {
  const { network, layers } = graph;
  let patch: Patch = (layers[chain[0]] as Required<AffineDual>).fieldOf(viewers.places);
  let onPadding = true;
  const passages = chain.slice(1).map((node) => {
    const layer = layers[node];
    const cropped = layer?.crop?.(patch, viewers);
    if (!layer || !cropped) throw new Error(`node ${node} cannot be cropped`);
    const mixing = layer.kind === "affine" && layer.coupling === "mixing";
    // Padding is not a neuron: what a convolution sends there must not be read by the convolution before it.
    const { shape } = network.nodes[node];
    const inside = onPadding && mixing ? insideOf(tape, shape, patch, viewers) : undefined;
    patch = cropped.input;
    // An identity hands on what lies on the padding, too.
    onPadding = mixing || (onPadding && cropped.passes === true);
    return { layer: cropped, inside };
  });
  return { passages, look: lookAtPatch(tape, network.inputShape, patch, viewers) };
}

function insideOf(tape: Tape, shape: Shape, patch: Patch, viewers: Viewers): Seen {
  const ones = tape.own(tape.backend.filled(sizeOf(shape), 1, 1));
  return lookAtPatch(tape, shape, patch, viewers)(ones, "shared");
}

/** The radius in one operation that keeps nothing on the way; undefined where some layer is no such step. */
function fusedPatches(
  tape: Tape,
  graph: DualGraph,
  first: AffineDual,
  index: Int32Array,
  { passages, look }: PatchPath,
): Variable | undefined {
  if (passages.some(({ layer }) => !layer.step)) return undefined;
  const steps = passages.flatMap(({ layer, inside }): BackwardStep[] => {
    const step = layer.step?.(tape) ?? null;
    return [
      ...(inside ? [{ kind: "scale", scale: inside.values.value, owners: inside.owners } as const] : []),
      ...(step ? [step] : []),
    ];
  });
  const { values, owners } = look(graph.ballRadius, "by example");
  const lines = first.patchLines?.(index);
  const start: BackwardStart = lines
    ? { kind: "lines", matrix: lines.matrix.value, index: lines.index }
    : { kind: "rows", nu: (first as Required<AffineDual>).selectPatch(tape, index).value };
  const end = { radius: values.value, owners, order: graph.dualOrder };
  return tape.own(tape.backend.backward(start, steps, end));
}
