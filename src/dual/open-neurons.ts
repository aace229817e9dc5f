import {
  combine,
  concat,
  maximum,
  minimum,
  replace,
  reshape,
  type Tape,
  type Variable,
} from "../autodiff/index.js";
import { indexedOwners } from "../compute/owners.js";
import { type Shape, sizeOf } from "../network/shape.js";
import { type DualGraph, type Objective, passesAtOnce, propagateBack } from "./backward.js";
import { type BoxState, boundsOf } from "./box.js";
import { type Bounds, NeuronState, type Want } from "./dual-layer.js";
import { patchFeatures, propagatePatches } from "./receptive-field.js";

/** Neurons to be bounded: feature `index[i]` of example `owner[i]`. */
export interface NeuronList {
  readonly index: Int32Array;
  readonly owner: Int32Array;
}

/** Neurons by what is left to settle. What is flat needs nothing. */
export interface Unsettled {
  readonly open: NeuronList;
  readonly passing: NeuronList;
}

/**
 * The neurons of each state `[n, examples]`, grouped by example; the channels of an image's position, which see the same
 * patch, lie side by side.
 */
export function unsettled(states: Uint8Array, examples: number, shape: Shape): Unsettled {
  const features = states.length / examples;
  const channels = shape.length === 3 ? shape[0] : 1;
  const positions = features / channels;
  // Per state and example, first how many neurons there are, then where the next one goes.
  const next = new Int32Array(3 * examples);
  for (let f = 0, i = 0; f < features; f++) {
    for (let b = 0; b < examples; b++, i++) next[states[i] * examples + b]++;
  }
  const lists = [NeuronState.flat, NeuronState.passing, NeuronState.open].map((state): NeuronList => {
    let total = 0;
    for (let at = state * examples; at < (state + 1) * examples; at++) {
      const count = next[at];
      next[at] = total;
      total += count;
    }
    const size = state === NeuronState.flat ? 0 : total;
    return { index: new Int32Array(size), owner: new Int32Array(size) };
  });
  for (let turn = 0; turn < features; turn++) {
    const f = (turn % channels) * positions + Math.floor(turn / channels);
    for (let b = 0; b < examples; b++) {
      const state = states[f * examples + b];
      if (state === NeuronState.flat) continue;
      const place = next[state * examples + b]++;
      lists[state].index[place] = f;
      lists[state].owner[place] = b;
    }
  }
  return { open: lists[NeuronState.open], passing: lists[NeuronState.passing] };
}

/**
 * Exact bounds of open neurons in place of the box's: parallel lines, where one row gives both sides. Rows are cropped to
 * patches where there is a chain.
 */
export function refineParallel(
  tape: Tape,
  graph: DualGraph,
  node: number,
  chain: readonly number[] | null,
  box: BoxState,
  open: NeuronList,
  pieceBytes: number,
): BoxState {
  const radius = backwardInPieces(
    tape,
    graph,
    node,
    chain,
    open,
    1,
    pieceBytes,
    { centre: false },
    (_piece, objective) => objective.radius,
  );
  return { ...box, radius: replaceOpen(tape, box.radius, radius, open) };
}

/** Bounds of open neurons by lines of two slopes, one row a side, intersected with the box's. */
export function refineAdaptive(
  tape: Tape,
  graph: DualGraph,
  node: number,
  chain: readonly number[] | null,
  box: BoxState,
  open: NeuronList,
  pieceBytes: number,
): Bounds {
  const side = (sign: 1 | -1) =>
    backwardInPieces(tape, graph, node, chain, open, sign, pieceBytes, { centre: true }, (piece, objective) =>
      // sign −1 bounds −z from below, so that z's upper bound is the negative.
      combine(piece, sign, objective.centre as Variable, -sign, objective.radius),
    );
  const loose = boundsOf(tape, box);
  const lower = replaceOpen(tape, loose.lower, side(1), open);
  const upper = replaceOpen(tape, loose.upper, side(-1), open);
  return { lower: maximum(tape, loose.lower, lower), upper: minimum(tape, loose.upper, upper) };
}

/** Rows of single precision in a cache line. */
const LINE_ROWS = 16;

/** How many rows fit into a piece: at least a few, so that a small budget still gets done. */
function pieceRows(
  tape: Tape,
  graph: DualGraph,
  chain: readonly number[] | null,
  pieceBytes: number,
): number {
  const features = chain
    ? patchFeatures(graph, chain)
    : Math.max(...graph.network.nodes.map(({ shape }) => sizeOf(shape)));
  const bytes = tape.backend.dtype === "float64" ? 8 : 4;
  const rows = Math.floor(pieceBytes / (bytes * features));
  // Features an odd number of cache lines apart spread over all of a cache.
  const lines = Math.floor(rows / LINE_ROWS);
  return lines > 2 ? (lines - 1 + (lines % 2)) * LINE_ROWS : Math.max(LINE_ROWS, rows);
}

/** Bounds rows piece after piece; a piece is forgotten and computed again in the backward pass. */
function backwardInPieces(
  tape: Tape,
  graph: DualGraph,
  node: number,
  chain: readonly number[] | null,
  open: NeuronList,
  sign: 1 | -1,
  pieceBytes: number,
  want: Want,
  result: (piece: Tape, objective: Objective) => Variable,
): Variable {
  const rows = open.index.length;
  const unlimited = !tape.recording && !want.centre && !chain && passesAtOnce(graph, node);
  const rowsAtOnce = unlimited ? rows : pieceRows(tape, graph, chain, pieceBytes);
  const pieces: Variable[] = [];
  for (let begin = 0; begin < rows; begin += rowsAtOnce) {
    const end = Math.min(rows, begin + rowsAtOnce);
    const index = open.index.slice(begin, end);
    const owner = open.owner.slice(begin, end);
    const run = (piece: Tape): Variable => {
      const objective = chain
        ? propagatePatches(piece, graph, chain, index, sign, owner, want)
        : propagateBack(piece, graph, { node, index, sign }, indexedOwners(owner), want);
      return reshape(piece, result(piece, objective), end - begin, 1);
    };
    pieces.push(rows > rowsAtOnce ? tape.checkpoint(run) : run(tape));
  }
  return pieces.length === 1 ? pieces[0] : concat(tape, pieces);
}

/** `values` `[open, 1]` at the open places of `[n, examples]`, `base` elsewhere. */
function replaceOpen(tape: Tape, base: Variable, values: Variable, open: NeuronList): Variable {
  const { features, rows: examples } = base.value;
  const place = new Int32Array(open.index.length);
  for (let i = 0; i < place.length; i++) place[i] = open.index[i] * examples + open.owner[i];
  const replaced = replace(tape, reshape(tape, base, features * examples, 1), place, values);
  return reshape(tape, replaced, features, examples);
}
