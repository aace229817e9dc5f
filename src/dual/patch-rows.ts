import { gather, scaleShift, spread, type Tape, type Variable } from "../autodiff/index.js";
import { indexedOwners } from "../compute/owners.js";
import { type Shape, sizeOf } from "../network/shape.js";
import type { DualGraph } from "./dual-graph.js";
import type { AffineDual, BackStep, FeaturePart } from "./dual-layer.js";
import { lookAtPatch, lookThroughPatch, type Seen } from "./patch.js";
import { within } from "./patch-union.js";
import type { View } from "./view.js";
import { type PlacedViewers, patchStart, type Window, windowsBelow } from "./windows.js";

/**
 * Rows that start as unit vectors of a node whose rows have windows (`windowsBelow`), feature `index[i]` of example `owner[i]`,
 * each cropped to what its neuron sees. The same numbers as whole rows for a fraction of the work: on small images a neuron
 * of a second convolution sees a tenth of the first. Where branches meet, rows go on through the smallest window that has those
 * of both.
 */
export function rowsThroughPatches(
  graph: DualGraph,
  node: number,
  index: Int32Array,
  owner: Int32Array,
): View {
  const { network } = graph;
  const [channels, height, width] = network.nodes[node].shape;
  const viewers = viewersOf(index, owner, height * width);
  const windows = windowsBelow(graph, node, viewers);
  if (!windows) throw new Error(`rows from node ${node} have no patches`);
  const windowAt = (at: number): Window => {
    const window = windows.get(at);
    if (!window) throw new Error(`rows from node ${node} do not see node ${at}`);
    return window;
  };
  const layerAt = (at: number) => windowAt(at).layer ?? unseen(at);
  /** 1 where the window lies inside of the node's image, 0 on its padding. */
  const ones = (tape: Tape, shape: Shape): Variable => tape.own(tape.backend.filled(sizeOf(shape), 1, 1));
  const inside = (tape: Tape, at: number): Seen => {
    const node = network.nodes[at];
    return lookAtPatch(tape, node.shape, windowAt(at).patch, viewers)(ones(tape, node.shape), "shared");
  };
  const placed = (tape: Tape, step: BackStep, places: readonly FeaturePart[]): BackStep => {
    const nus = step.nus.map((nu, i) => {
      const place = places[i];
      return place ? gather(tape, nu, place) : nu;
    });
    return { ...step, nus };
  };
  const start =
    patchStart(graph, node) === "field" ? fieldStart(graph, node) : pointStart(channels, height * width);
  return {
    ...start,
    back(tape, at, nu, want) {
      const layer = layerAt(at);
      const { masked, places } = windowAt(at);
      if (!masked) return placed(tape, layer.back(tape, nu, want), places);
      const { values, owners } = inside(tape, at);
      const cleared = scaleShift(tape, nu, values, undefined, owners);
      const step = placed(tape, layer.back(tape, cleared, want), places);
      // A layer that moves patches hands on what it was given.
      if (!step.nus.includes(cleared)) tape.discard(cleared);
      return step;
    },
    hasSteps: (at) => layerAt(at).steps !== undefined || layerAt(at).parts !== undefined,
    steps(tape, at, want) {
      const own = layerAt(at).steps?.(tape, want) ?? [];
      if (!windowAt(at).masked) return own;
      const node = network.nodes[at];
      const look = lookThroughPatch(node.shape, windowAt(at).patch, viewers);
      const { values, ...reading } = look(ones(tape, node.shape), "shared");
      return [{ kind: "scale", scale: values.value, ...reading }, ...own];
    },
    parts(at) {
      const { places } = windowAt(at);
      const parts = layerAt(at).parts?.();
      return places.map((place, i) => within(parts?.[i] ?? null, place));
    },
    atInput: (tape, coefficients) =>
      lookAtPatch(tape, network.inputShape, windowAt(0).patch, viewers)(coefficients, "by example"),
    readAtInput: (coefficients) =>
      lookThroughPatch(network.inputShape, windowAt(0).patch, viewers)(coefficients, "by example"),
  };
}

/** At what neurons see of their layer's input. */
function fieldStart(graph: DualGraph, node: number): Pick<View, "units" | "lines"> {
  const layer = graph.layers[node] as Required<AffineDual>;
  return {
    units: (tape, _node, rows) => ({ nu: layer.selectPatch(tape, rows), at: "input" }),
    // Not every layer that sees patches has them as lines.
    lines(_tape, _node, rows) {
      const lines = layer.patchLines?.(rows);
      return lines && { ...lines, at: "input" };
    },
  };
}

/** At neurons' own positions: the unit vectors of channels. */
function pointStart(channels: number, positions: number): Pick<View, "units" | "lines"> {
  const identity = (tape: Tape): Variable => {
    const values = new Float64Array(channels * channels);
    for (let channel = 0; channel < channels; channel++) values[channel * channels + channel] = 1;
    return tape.own(tape.backend.upload(channels, channels, values));
  };
  const channelsOf = (rows: Int32Array): Int32Array => rows.map((row) => Math.floor(row / positions));
  return {
    units(tape, _node, rows) {
      const owners = indexedOwners(channelsOf(rows));
      return { nu: spread(tape, identity(tape), owners, rows.length), at: "value" };
    },
    lines: (tape, _node, rows) => ({ matrix: identity(tape), index: channelsOf(rows), at: "value" }),
  };
}

function unseen(node: number): never {
  throw new Error(`node ${node} has no layer`);
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
    if (place !== places.at(-1) || owner[row] !== owner[row - 1]) {
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
