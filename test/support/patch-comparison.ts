import { multiply, subtract, sumRows, Tape, type Variable } from "../../src/autodiff/index.js";
import type { Backend } from "../../src/compute/backend.js";
import { indexedOwners, SHARED } from "../../src/compute/owners.js";
import { propagateBack } from "../../src/dual/backward.js";
import type { DualGraph } from "../../src/dual/dual-graph.js";
import type { LineMethod } from "../../src/dual/dual-options.js";
import { rowsThroughPatches } from "../../src/dual/patch-rows.js";
import { type View, wholeRows } from "../../src/dual/view.js";
import { patchCost } from "../../src/dual/windows.js";
import type { Network } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import { trainedBindings } from "../../src/network/weights.js";
import { boundGraph } from "./bound-graph.js";
import { largestRelativeError } from "./numbers.js";

const EXAMPLES = 2;

/** Of larger nodes some rows from all over are taken. */
const MOST_ROWS = 800;

interface Rows {
  readonly index: Int32Array;
  readonly owner: Int32Array;
}

function rowsOf({ nodes }: Network, node: number, most: number): Rows {
  const all = sizeOf(nodes[node].shape) * EXAMPLES;
  // An odd step takes both examples, and all places modulo a stride of 2.
  const step = 2 * Math.floor(Math.ceil(all / most) / 2) + 1;
  const rows = Array.from({ length: Math.ceil(all / step) }, (_, i) => i * step);
  return {
    index: Int32Array.from(rows, (row) => Math.floor(row / EXAMPLES)),
    owner: Int32Array.from(rows, (row) => row % EXAMPLES),
  };
}

function views(graph: DualGraph, node: number, { index, owner }: Rows): readonly View[] {
  return [wholeRows(graph, indexedOwners(owner)), rowsThroughPatches(graph, node, index, owner)];
}

/** How far rows through patches are from whole rows, at worst, and of how many of the nodes that are bounded. */
export async function errorOfPatches(
  backend: Backend,
  network: Network,
  method: LineMethod,
  mostRows = MOST_ROWS,
): Promise<{
  readonly nodes: readonly number[];
  readonly bounded: readonly number[];
  readonly worst: number;
}> {
  const read = async (x: Variable) => Array.from(await backend.read(x.value));
  using tape = new Tape(backend, { record: false });
  const { graph, preActivation } = await boundGraph(tape, network, EXAMPLES, method);
  const bounded = [...preActivation.keys()];
  const nodes = bounded.filter((node) => patchCost(graph, node));
  let worst = 0;
  for (const node of nodes) {
    const all = rowsOf(network, node, mostRows);
    for (const sign of [1, -1] as const) {
      const found: number[][] = [];
      for (const view of views(graph, node, all)) {
        for (const record of [false, true]) {
          using own = new Tape(backend, { record });
          const start = { node, index: all.index, sign };
          const { centre, radius } = propagateBack(own, graph, view, start, { centre: true });
          found.push([...(await read(centre as Variable)), ...(await read(radius))]);
        }
      }
      for (const other of found.slice(1)) {
        const error = largestRelativeError(other, found[0]);
        if (!(error <= worst)) worst = error;
      }
    }
  }
  return { nodes, bounded, worst };
}

/** The gradients of what the last node that has patches is bounded by, by whole rows and by patches. */
export async function gradientsBothWays(
  backend: Backend,
  network: Network,
  method: LineMethod,
): Promise<readonly number[][]> {
  const found: number[][] = [];
  for (const way of [0, 1]) {
    using tape = new Tape(backend, { record: true });
    const bound = await boundGraph(tape, network, EXAMPLES, method, trainedBindings);
    const { graph, preActivation, bindings } = bound;
    const node = [...preActivation.keys()].filter((own) => patchCost(graph, own)).at(-1) as number;
    const all = rowsOf(network, node, MOST_ROWS);
    const view = views(graph, node, all)[way];
    const start = { node, index: all.index, sign: 1 } as const;
    const { centre, radius } = propagateBack(tape, graph, view, start, { centre: true });
    const lower = subtract(tape, centre as Variable, radius);
    const total = sumRows(tape, multiply(tape, lower, lower), SHARED, 1);
    const tracked = [...bindings.values()].filter((own) => own.tracked);
    const values: number[] = [];
    for (const gradient of tape.gradients(total, tracked)) {
      if (gradient) values.push(...(await backend.read(gradient)));
    }
    found.push(values);
  }
  return found;
}
