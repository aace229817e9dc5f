import { sizeOf } from "../network/shape.js";
import type { DualGraph } from "./dual-graph.js";
import type { AffineDual, BoundLayer, CroppedLayer, FeaturePart, Patch, Viewers } from "./dual-layer.js";
import { OWN_VIEWERS } from "./patch.js";
import { meetingPlace, placeWithin } from "./patch-union.js";

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
  /** By input of the layer, where ν lies in that node's patch, which other branches may make larger; null: it is all of it. */
  readonly places: readonly FeaturePart[];
}

/** Where rows begin: at a neuron's own position, or at once at what it sees of its layer's input. */
export type PatchStart = "value" | "field";

/** ν on its way to a node: the patch that it is about, and whether it may be other than 0 on padding. */
interface Arrival {
  readonly patch: Patch;
  readonly onPadding: boolean;
  readonly setPlace: (place: FeaturePart) => void;
}

/** Of an affine layer whose neurons see a patch of its one input, that patch is where rows begin. */
export function patchStart({ layers }: DualGraph, node: number): PatchStart {
  const layer = layers[node];
  return layer?.kind === "affine" && layer.selectPatch ? "field" : "value";
}

/**
 * The windows of rows that start at a node, by node, from where they start back to the input; null where some layer on the way
 * has no patches, or where branches meet whose patches move by different strides.
 */
export function windowsBelow(
  graph: DualGraph,
  start: number,
  viewers: PlacedViewers,
): ReadonlyMap<number, Window> | null {
  const { network } = graph;
  if (start === 0) return null;
  const windows = new Map<number, Window>();
  const arriving = new Map<number, Arrival[]>();
  const arrive = (at: number, arrival: Arrival): void => {
    arriving.set(at, [...(arriving.get(at) ?? []), arrival]);
  };
  const none = { setPlace: () => {} };
  if (patchStart(graph, start) === "field") {
    const [below] = network.nodes[start].inputs as readonly number[];
    const patch = (graph.layers[start] as Required<AffineDual>).fieldOf(viewers.places);
    arrive(below, { patch, onPadding: true, ...none });
  } else {
    const patch = pointsOf(viewers.places, network.nodes[start].shape[2]);
    arrive(start, { patch, onPadding: false, ...none });
  }
  for (let at = start; at >= 0; at--) {
    const own = arriving.get(at);
    if (!own) continue;
    const patch = meetingPlace(own.map((arrival) => arrival.patch));
    if (!patch || network.nodes[at].shape.length !== 3) return null;
    const [channels] = network.nodes[at].shape;
    for (const { patch: part, setPlace } of own) setPlace(placeWithin(channels, part, patch));
    if (at === 0) {
      windows.set(0, { patch, layer: undefined, masked: false, places: [] });
      break;
    }
    const layer = graph.layers[at] as BoundLayer;
    const cropped = layer.crop?.(patch, viewers);
    if (!cropped) return null;
    const onPadding = own.some((arrival) => arrival.onPadding);
    const mixing = layer.kind === "affine" && layer.coupling === "mixing";
    const inputs = network.nodes[at].inputs as readonly number[];
    const places: FeaturePart[] = inputs.map(() => null);
    const moving = mixing || cropped.moves === true;
    windows.set(at, { patch, layer: cropped, masked: onPadding && moving, places });
    for (const [i, input] of inputs.entries()) {
      arrive(input, {
        patch: cropped.input,
        // What hands ν on as it is hands on what lies on the padding, too.
        onPadding: moving || (onPadding && cropped.passes === true),
        setPlace: (place) => {
          places[i] = place;
        },
      });
    }
  }
  return windows;
}

function pointsOf(places: Int32Array, width: number): Patch {
  return {
    ...{ height: 1, width: 1 },
    top: places.map((place) => Math.floor(place / width)),
    left: places.map((place) => place % width),
  };
}

/** What rows through patches take. */
export interface PatchCost {
  /** Multiply-adds of a row. */
  readonly multiplyAdds: number;
  /**
   * What a row holds on its way, in features: of ν and of coefficients that its viewer has cropped; in one operation, the places at
   * which it sees each node.
   */
  readonly features: number;
  /** Whether one operation takes them to the input, where nothing is recorded. */
  readonly isOneOperation: boolean;
}

/** What rows that start at a node take through patches; null where they cannot be cropped. */
export function patchCost(graph: DualGraph, node: number): PatchCost | null {
  const windows = windowsBelow(graph, node, probe(graph.network.nodes[node].shape));
  if (!windows) return null;
  let [multiplyAdds, held, isOneOperation] = [0, 0, true];
  for (const [at, { patch, layer }] of windows) {
    multiplyAdds += layer?.multiplyAdds ?? 0;
    isOneOperation &&= !layer || layer.steps !== undefined || layer.parts !== undefined;
    const [channels] = graph.network.nodes[at].shape;
    const own = sizeOf([channels, patch.height, patch.width]);
    held += graph.layers[at]?.kind === "affine" ? own : COEFFICIENTS * own;
  }
  return { multiplyAdds, features: isOneOperation ? PLACES * windows.size : held, isOneOperation };
}

/** Of an enclosed layer, beside ν: slopes and a radius, or two slopes and two shifts. */
const COEFFICIENTS = 3;
/** Of each node: where patches lie, who looks, and what rows read. */
const PLACES = 8;

/**
 * Viewers that look at every line and at every column. A stride that enlarges makes patches differ by their place, and those of branches
 * may lie alike for some viewers and not for others: what is possible for these is possible for all, and costs no more.
 */
function probe([, height = 1, width = 1]: readonly number[]): PlacedViewers {
  const places = Int32Array.from(
    { length: Math.max(height, width) },
    (_, i) => Math.min(i, height - 1) * width + Math.min(i, width - 1),
  );
  return { ...OWN_VIEWERS, places };
}
