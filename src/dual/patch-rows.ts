import { scaleShift, type Tape } from "../autodiff/index.js";
import { indexedOwners } from "../compute/owners.js";
import { sizeOf } from "../network/shape.js";
import type { DualGraph } from "./dual-graph.js";
import type { AffineDual } from "./dual-layer.js";
import { lookAtPatch, type Seen } from "./patch.js";
import type { View } from "./view.js";
import { type PlacedViewers, type Window, windowsBelow } from "./windows.js";

/**
 * Rows that start as unit vectors of a node which sees patches (`seesPatches`), feature `index[i]` of example `owner[i]`,
 * each cropped to what its neuron sees. The same numbers as whole rows for a fraction of the work: on small images a neuron
 * of a second convolution sees a tenth of the first.
 */
export function rowsThroughPatches(
  graph: DualGraph,
  node: number,
  index: Int32Array,
  owner: Int32Array,
): View {
  const { network } = graph;
  const [, height, width] = network.nodes[node].shape;
  const viewers = viewersOf(index, owner, height * width);
  const first = graph.layers[node] as Required<AffineDual>;
  const windows = windowsBelow(graph, node, viewers);
  const windowAt = (at: number): Window => {
    const window = windows.get(at);
    if (!window) throw new Error(`rows from node ${node} do not see node ${at}`);
    return window;
  };
  const layerAt = (at: number) => windowAt(at).layer ?? unseen(at);
  /** 1 where the window lies inside of the node's image, 0 on its padding. */
  const inside = (tape: Tape, at: number): Seen => {
    const { shape } = network.nodes[at];
    const ones = tape.own(tape.backend.filled(sizeOf(shape), 1, 1));
    return lookAtPatch(tape, shape, windowAt(at).patch, viewers)(ones, "shared");
  };
  return {
    units: (tape, _node, rows) => first.selectPatch(tape, rows),
    // Not every layer that sees patches has them as lines.
    lines: (_node, rows) => first.patchLines?.(rows),
    back(tape, at, nu, want) {
      const layer = layerAt(at);
      if (!windowAt(at).masked) return layer.back(tape, nu, want);
      const { values, owners } = inside(tape, at);
      const masked = scaleShift(tape, nu, values, undefined, owners);
      const step = layer.back(tape, masked, want);
      tape.discard(masked);
      return step;
    },
    steps(tape, at) {
      const own = [layerAt(at).step?.(tape) ?? []].flat();
      if (!windowAt(at).masked) return own;
      const { values, owners } = inside(tape, at);
      return [{ kind: "scale", scale: values.value, owners }, ...own];
    },
    atInput: (tape, coefficients) =>
      lookAtPatch(tape, network.inputShape, windowAt(0).patch, viewers)(coefficients, "by example"),
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
