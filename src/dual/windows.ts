import { sizeOf } from "../network/shape.js";
import type { DualGraph } from "./dual-graph.js";
import type { AffineDual, CroppedLayer, Patch, Viewers } from "./dual-layer.js";
import { OWN_VIEWERS } from "./patch.js";

/** Viewers, and the position of a node's output at which each looks. */
export interface PlacedViewers extends Viewers {
  readonly places: Int32Array;
}

/** What viewers see of a node's value, and the node's layer seen through it. */
export interface Window {
  readonly patch: Patch;
  /** Absent at the input, which has none. */
  readonly layer: CroppedLayer | undefined;
  /**
   * Whether ν must be cleared where the patch lies on padding before it passes the layer. Padding is not a neuron: what a
   * convolution sends there must not be read by the convolution before it.
   */
  readonly masked: boolean;
}

/**
 * Whether rows that start at a node can be cropped to their receptive fields: an affine layer whose neurons see a patch,
 * and below it a chain of convolutions, elementwise activations and scalings by channel. Whole rows are always possible.
 */
export function seesPatches({ network, layers }: DualGraph, node: number): boolean {
  if (node === 0 || network.inputShape.length !== 3) return false;
  for (let at = node; at > 0; at = network.nodes[at].inputs[0] as number) {
    const { inputs, shape } = network.nodes[at];
    const layer = layers[at];
    if (inputs.length !== 1 || shape.length !== 3 || !layer) return false;
    if (at === node ? layer.kind !== "affine" || !layer.selectPatch : !layer.crop) return false;
  }
  return true;
}

/** The windows of rows that start at a node which sees patches, by node, from the one below it back to the input. */
export function windowsBelow(
  { network, layers }: DualGraph,
  start: number,
  viewers: PlacedViewers,
): ReadonlyMap<number, Window> {
  const windows = new Map<number, Window>();
  let patch = (layers[start] as Required<AffineDual>).fieldOf(viewers.places);
  let onPadding = true;
  let [at] = network.nodes[start].inputs as readonly number[];
  while (at > 0) {
    const layer = layers[at];
    const cropped = layer?.crop?.(patch, viewers);
    if (!layer || !cropped) throw new Error(`node ${at} cannot be cropped`);
    const mixing = layer.kind === "affine" && layer.coupling === "mixing";
    windows.set(at, { patch, layer: cropped, masked: onPadding && mixing });
    patch = cropped.input;
    // An identity hands on what lies on the padding, too.
    onPadding = mixing || (onPadding && cropped.passes === true);
    [at] = network.nodes[at].inputs as readonly number[];
  }
  return windows.set(0, { patch, layer: undefined, masked: false });
}

const NOBODY: PlacedViewers = { ...OWN_VIEWERS, places: new Int32Array(0) };

/** Multiply-adds of a row through the windows below a node. */
export function patchCost(graph: DualGraph, node: number): number {
  let total = 0;
  for (const { layer } of windowsBelow(graph, node, NOBODY).values()) total += layer?.multiplyAdds ?? 0;
  return total;
}

/** The largest number of features that a row holds in the windows below a node. */
export function patchFeatures(graph: DualGraph, node: number): number {
  let most = 0;
  for (const [at, { patch }] of windowsBelow(graph, node, NOBODY)) {
    const [channels] = graph.network.nodes[at].shape;
    most = Math.max(most, sizeOf([channels, patch.height, patch.width]));
  }
  return most;
}
