import { FormatError, ShapeError, UnsupportedOperatorError } from "../../../../errors.js";
import { formatExtents } from "../array.js";
import {
  checkInputCount,
  commonType,
  integers,
  type NodeEvaluation,
  operand,
  resolvedAxes,
  scalar,
  taking,
} from "../evaluation.js";
import { OUTSIDE, selected } from "../offsets.js";

/** Which entry of an axis stands at an index that may lie outside. */
type Continuation = (index: number, extent: number) => number;

const CONTINUATIONS: ReadonlyMap<string, Continuation> = new Map<string, Continuation>([
  ["constant", (index, extent) => (index < 0 || index >= extent ? OUTSIDE : index)],
  ["edge", (index, extent) => Math.min(Math.max(index, 0), extent - 1)],
  ["reflect", (index, extent) => (index < 0 ? -index : index < extent ? index : 2 * (extent - 1) - index)],
  ["wrap", (index, extent) => ((index % extent) + extent) % extent],
]);

/** Negative padding crops. Pads and value are attributes before operator set 11, inputs from then on. */
const pad = taking(1, 4, (evaluation) => {
  const { attributes, label } = evaluation;
  const x = operand(evaluation, 0);
  const { before, after, value } = padding(evaluation, x.shape.length);
  const mode = attributes.string("mode", "constant");
  const continued = CONTINUATIONS.get(mode);
  if (!continued || (mode === "wrap" && evaluation.opset < 19)) {
    throw new UnsupportedOperatorError(`${label}: padding mode ${JSON.stringify(mode)} is not supported`);
  }
  x.shape.forEach((extent, axis) => {
    const most = Math.max(before[axis], after[axis]);
    if (mode !== "constant" && most > 0 && extent === 0) {
      throw new ShapeError(`${label}: an empty axis cannot be padded by mode ${mode}`);
    }
    if (mode === "reflect" && most >= extent && most > 0) {
      throw new ShapeError(`${label}: cannot reflect ${most} of ${extent} entries`);
    }
    if (mode !== "constant" && (before[axis] < 0 || after[axis] < 0) && most > 0) {
      // Whether what is repeated is the array or what the crop leaves of it is not said.
      throw new UnsupportedOperatorError(`${label}: mode ${mode} that also crops an axis is not supported`);
    }
  });
  const shape = x.shape.map((extent, axis) => extent + before[axis] + after[axis]);
  const from = (axis: number, position: number): number => continued(position - before[axis], x.shape[axis]);
  return selected(x, shape, from, label, value);
});

interface Padding {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly value: number;
}

function padding(evaluation: NodeEvaluation, rank: number): Padding {
  const { attributes, inputs, label, opset } = evaluation;
  checkInputCount(evaluation, 1, opset < 11 ? 1 : opset < 18 ? 3 : 4);
  const pads = opset < 11 ? attributes.ints("pads", undefined) : integers(evaluation, 1);
  if (!pads) throw new FormatError(`${label}: pads are missing`);
  if (inputs[2]) commonType([operand(evaluation, 0), inputs[2]], label);
  const value = (opset < 11 ? attributes.float("value", 0) : scalar(evaluation, 2)) ?? 0;
  const axes = resolvedAxes(
    integers(evaluation, 3) ?? Array.from({ length: rank }, (_, i) => i),
    rank,
    label,
  );
  if (pads.length !== 2 * axes.length) {
    throw new ShapeError(`${label}: expected ${2 * axes.length} pads, found ${formatExtents(pads)}`);
  }
  const before = Array<number>(rank).fill(0);
  const after = Array<number>(rank).fill(0);
  axes.forEach((axis, i) => {
    before[axis] = pads[i];
    after[axis] = pads[axes.length + i];
  });
  return { before, after, value };
}

export const PAD = { Pad: pad };
