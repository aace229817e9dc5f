import * as z from "zod";
import { gather, scaleShift, type Tape, type Variable } from "../../autodiff/index.js";
import { SHARED } from "../../compute/owners.js";
import { expectNumbers, ShapeError } from "../../errors.js";
import { formatShape, type Shape, sizeOf } from "../shape.js";
import { type LayerDefinition, MOVES_ONLY, NO_PARAMETERS, onlyShape } from "./definition.js";
import { type Fields, whole } from "./fields.js";
import { moved } from "./sums.js";

/** Another order of the extents: extent i of the output is extent `order[i]` of the input. */
export interface PermuteLayer {
  readonly kind: "permute";
  readonly order: readonly number[];
}

/** Constant entries around the input: so many before and after along each extent. */
export interface PadLayer {
  readonly kind: "pad";
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly value: number;
}

/** Entries of one extent by number, in that order; some may be left out, others taken more than once. */
export interface TakeLayer {
  readonly kind: "take";
  readonly axis: number;
  readonly index: readonly number[];
}

/** Extent i of the output is extent `order[i]` of the input. */
export function permute(order: readonly number[]): PermuteLayer {
  expectNumbers("permute: order", order);
  return { kind: "permute", order: [...order] };
}

/** `value` around the input: so many entries before and after along each extent. */
export function pad(before: readonly number[], after: readonly number[], value = 0): PadLayer {
  expectNumbers("pad: before", before);
  expectNumbers("pad: after", after);
  return { kind: "pad", before: [...before], after: [...after], value };
}

/** The entries `index` of an extent: parts, other orders, repetitions. */
export function take(axis: number, index: readonly number[]): TakeLayer {
  expectNumbers("take: index", index);
  return { kind: "take", axis, index: [...index] };
}

/** Layers whose every output is one input or a constant. */
export type RearrangementLayer = PermuteLayer | PadLayer | TakeLayer;

/** More features than this point to a broken description rather than to a network. */
const MOST_FEATURES = 2 ** 28;

function definition<L extends RearrangementLayer>(
  fields: Fields<L>,
  onnx: LayerDefinition<L>["onnx"],
  outputShape: (layer: L, shape: Shape, name: string) => Shape,
): LayerDefinition<L> {
  return {
    fields,
    onnx,
    multiplyAdds: MOVES_ONLY,
    outputShape(layer, inputs, name) {
      const shape = outputShape(layer, onlyShape(inputs, layer.kind, name), name);
      if (sizeOf(shape) > MOST_FEATURES) throw new ShapeError(`${name}: ${formatShape(shape)} is too large`);
      return shape;
    },
    parameters: NO_PARAMETERS,
    forward(tape, layer, context, [x]) {
      const index = sourceIndex(layer, context.inputShapes[0], context.outputShape);
      const taken = gather(tape, x, index);
      const offset = constantPart(tape, layer, index);
      return offset ? scaleShift(tape, taken, undefined, offset, SHARED) : taken;
    },
    sums: (layer, { inputShapes: [input], outputShape }) =>
      moved(sourceIndex(layer, input, outputShape), layer.kind === "pad" ? layer.value : 0),
  };
}

/** Another order of the extents. */
export const permuteDefinition = definition<PermuteLayer>(
  { order: z.array(whole).min(1) },
  ({ order }) => [{ op: "Transpose", attributes: { perm: [0, ...order.map((axis) => axis + 1)] } }],
  ({ order }, shape, name) => {
    const sorted = [...order].sort((a, b) => a - b);
    if (order.length !== shape.length || sorted.some((axis, i) => axis !== i)) {
      throw new ShapeError(
        `${name}: permute takes every extent of ${formatShape(shape)} once, got ${order.join(", ")}`,
      );
    }
    return order.map((axis) => shape[axis]);
  },
);

/** Constant entries around the input. */
export const padDefinition = definition<PadLayer>(
  { before: z.array(whole), after: z.array(whole), value: z.number() },
  ({ before, after, value }, _inputs, tensors) => [
    {
      op: "Pad",
      tensors: [tensors.integers("pads", [0, ...before, 0, ...after]), tensors.reals("value", [value], [])],
    },
  ],
  ({ before, after, value }, shape, name) => {
    const counts = [...before, ...after];
    if (before.length !== shape.length || after.length !== shape.length) {
      throw new ShapeError(
        `${name}: pad needs a number before and after each extent of ${formatShape(shape)}, got ` +
          `${before.length} and ${after.length}`,
      );
    }
    if (!counts.every((count) => Number.isInteger(count) && count >= 0)) {
      throw new ShapeError(`${name}: padding must be non-negative integers, got ${counts.join(", ")}`);
    }
    if (!Number.isFinite(value)) throw new ShapeError(`${name}: pad with ${value}, expected a finite number`);
    return shape.map((extent, i) => before[i] + extent + after[i]);
  },
);

/** Entries of one extent by number. */
export const takeDefinition = definition<TakeLayer>(
  { axis: whole, index: z.array(whole).min(1) },
  ({ axis, index }, _inputs, tensors) => [
    { op: "Gather", tensors: [tensors.integers("index", index)], attributes: { axis: axis + 1 } },
  ],
  ({ axis, index }, shape, name) => {
    if (!Number.isInteger(axis) || axis < 0 || axis >= shape.length) {
      throw new ShapeError(`${name}: take along extent ${axis} of ${formatShape(shape)}`);
    }
    if (index.length === 0) throw new ShapeError(`${name}: take needs at least one entry`);
    const bad = index.find((i) => !Number.isInteger(i) || i < 0 || i >= shape[axis]);
    if (bad !== undefined) {
      throw new ShapeError(`${name}: take of entry ${bad}, expected 0 to ${shape[axis] - 1}`);
    }
    return shape.map((extent, i) => (i === axis ? index.length : extent));
  },
);

/** The input feature of each output feature, −1 where it is the constant. */
export function sourceIndex(layer: RearrangementLayer, input: Shape, output: Shape): Int32Array {
  const strides = input.map((_, i) => sizeOf(input.slice(i + 1)));
  // Along each extent of the output, the step in the input of every entry; NaN outside.
  const steps = output.map((extent, axis) =>
    Float64Array.from({ length: extent }, (_, i) => stepOf(layer, input, strides, axis, i)),
  );
  const index = new Int32Array(sizeOf(output));
  let filled = 1;
  // Extent by extent from the left: what is filled so far is spread over the next one.
  let bases = Float64Array.of(0);
  for (const own of steps) {
    const next = new Float64Array(filled * own.length);
    for (let i = 0; i < filled; i++) {
      for (let j = 0; j < own.length; j++) next[i * own.length + j] = bases[i] + own[j];
    }
    bases = next;
    filled *= own.length;
  }
  for (let i = 0; i < filled; i++) index[i] = Number.isNaN(bases[i]) ? -1 : bases[i];
  return index;
}

function stepOf(
  layer: RearrangementLayer,
  input: Shape,
  strides: readonly number[],
  axis: number,
  i: number,
): number {
  switch (layer.kind) {
    case "permute":
      return i * strides[layer.order[axis]];
    case "pad": {
      const at = i - layer.before[axis];
      return at >= 0 && at < input[axis] ? at * strides[axis] : Number.NaN;
    }
    case "take":
      return (axis === layer.axis ? layer.index[i] : i) * strides[axis];
    default:
      return layer satisfies never;
  }
}

/** The constants as `[out, 1]`, where there are any but zeros. */
export function constantPart(tape: Tape, layer: RearrangementLayer, index: Int32Array): Variable | undefined {
  if (layer.kind !== "pad" || layer.value === 0) return undefined;
  const values = Float64Array.from(index, (source) => (source < 0 ? layer.value : 0));
  return tape.own(tape.backend.upload(index.length, 1, values));
}
