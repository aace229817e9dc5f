import {
  add,
  combine,
  concat,
  maximum,
  minimum,
  replace,
  reshape,
  subtract,
  Tape,
  type Variable,
} from "../../autodiff/index.js";
import { type Objective, propagateBack } from "../backward.js";
import { type BoxState, boundsOf } from "../box.js";
import type { Want } from "../dual-layer.js";
import type { NeuronList } from "../neuron-lists.js";
import { betweenPieces, rowsAtOnce } from "../pieces.js";
import type { View } from "../view.js";
import type { Neurons, NodeToBound, Settled } from "./bounder.js";

/** How the rows of a node go back. */
export interface RowsWay {
  /** How rows see that start at features `index[i]` of examples `owner[i]`. */
  view(index: Int32Array, owner: Int32Array): View;
  /** The largest number of features that a row holds on its way. */
  readonly features: number;
  /** Of a row. */
  readonly multiplyAdds: number;
  /** Whether radii come by one operation that keeps nothing: their pieces are a matter of time alone. */
  readonly keepsNothing: boolean;
  /** See `PieceRows`. */
  readonly isOneOperation?: boolean;
}

/**
 * Bounds neurons by a row each, the dual objective of a unit vector (equation 8): the dual network's own bounds in place
 * of the box's. With parallel lines one row gives both sides, since centre and radius are those of a symmetric set; with two slopes each side
 * takes one, and the result is intersected with the box.
 */
export async function boundByRows(node: NodeToBound, neurons: Neurons, way: RowsWay): Promise<Settled> {
  const { lines, box } = node;
  switch (lines) {
    case "two-lines":
      return { box, bounds: await intersected(node, way, neurons.unstable) };
    case "parallel":
      return byParallelLines(node, neurons, way);
    default:
      return lines satisfies never;
  }
}

async function byParallelLines(
  node: NodeToBound,
  { unstable, active, tightening }: Neurons,
  way: RowsWay,
): Promise<Settled> {
  const { tape } = node;
  let { box } = node;
  if (active.index.length > 0 && tightening) {
    // These widths decide what is unstable further on and nothing else: no gradient passes through them.
    using aside = new Tape(tape.backend, { record: false });
    const radius = await ownRadius(aside, node, way, box, active);
    box = { ...box, radius: tape.own(aside.release(radius)) };
  }
  if (unstable.index.length > 0) {
    box = { ...box, radius: await ownRadius(tape, node, way, box, unstable) };
  }
  // What is inactive ends here, so its loose width does no harm; what passes on was not recorded, so it stays loose.
  const precision = active.index.length === 0 ? "dual" : "loose";
  return { box: { ...box, precision }, bounds: boundsOf(tape, box, node.graph.rounding) };
}

async function ownRadius(
  tape: Tape,
  node: NodeToBound,
  way: RowsWay,
  { radius: loose }: BoxState,
  neurons: NeuronList,
): Promise<Variable> {
  const want = { centre: false };
  const radius = await backwardInPieces(tape, node, way, neurons, 1, want, (_piece, own) => own.radius);
  return replaceAt(tape, loose, radius, neurons);
}

async function intersected(
  node: NodeToBound,
  way: RowsWay,
  unstable: NeuronList,
): Promise<Settled["bounds"]> {
  const { tape, loose, graph, box } = node;
  const { rounding } = graph;
  const side = (sign: 1 | -1) =>
    backwardInPieces(tape, node, way, unstable, sign, { centre: true }, (piece, { centre, radius }) =>
      // sign −1 bounds −z from below, so that z's upper bound is the negative.
      combine(piece, sign, centre as Variable, -sign, radius),
    );
  let lower = replaceAt(tape, loose.lower, await side(1), unstable);
  let upper = replaceAt(tape, loose.upper, await side(-1), unstable);
  if (rounding) {
    const error = box.error ?? tape.own(tape.backend.filled(lower.value.features, lower.value.rows, 0));
    lower = rounding.down(tape, subtract(tape, rounding.down(tape, lower), error));
    upper = rounding.up(tape, add(tape, rounding.up(tape, upper), error));
  }
  return { lower: maximum(tape, loose.lower, lower), upper: minimum(tape, loose.upper, upper) };
}

/** Bounds rows piece after piece, `[rows, 1]`; a piece is forgotten and computed again in the backward pass. */
async function backwardInPieces(
  tape: Tape,
  { graph, node, signal, ...limits }: NodeToBound,
  way: RowsWay,
  neurons: NeuronList,
  sign: 1 | -1,
  want: Want,
  result: (piece: Tape, objective: Objective) => Variable,
): Promise<Variable> {
  const rows = neurons.index.length;
  const keepsNothing = way.keepsNothing && !want.centre;
  const pieces: Variable[] = [];
  for (let begin = 0, end = 0; begin < rows; begin = end) {
    if (begin > 0) await betweenPieces(tape, signal);
    end = Math.min(rows, begin + rowsAtOnce(tape, { ...way, keepsNothing }, limits));
    const index = neurons.index.slice(begin, end);
    const owner = neurons.owner.slice(begin, end);
    const run = (piece: Tape): Variable => {
      const objective = propagateBack(piece, graph, way.view(index, owner), { node, index, sign }, want);
      return reshape(piece, result(piece, objective), end - begin, 1);
    };
    // A single piece keeps its record, which the gradient walks.
    pieces.push(tape.recording && end - begin === rows ? run(tape) : tape.checkpoint(run));
  }
  return pieces.length === 1 ? pieces[0] : concat(tape, pieces);
}

/** `values` `[neurons, 1]` at their places in `[n, examples]`, `base` elsewhere. */
function replaceAt(tape: Tape, base: Variable, values: Variable, { index, owner }: NeuronList): Variable {
  const { features, rows: examples } = base.value;
  const place = new Int32Array(index.length);
  for (let i = 0; i < place.length; i++) place[i] = index[i] * examples + owner[i];
  const replaced = replace(tape, reshape(tape, base, features * examples, 1), place, values);
  return reshape(tape, replaced, features, examples);
}
