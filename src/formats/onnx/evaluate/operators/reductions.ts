import { ShapeError } from "../../../../errors.js";
import { formatExtents, type NdArray, reshaped, stridesOf, zeros } from "../array.js";
import { listArgument, operand, resolvedAxes, taking } from "../evaluation.js";
import { flatOffsets } from "../offsets.js";

interface Reduction {
  readonly start: number;
  readonly combine: (all: number, value: number) => number;
  /** From the combined values and their number. */
  readonly finish?: (all: number, count: number) => number;
  /** The operator set from which on the axes are an input. */
  readonly since: number;
  /** Whether the result for no values is `start`. */
  readonly ofNothing: boolean;
}

function reduction({ start, combine, finish, since, ofNothing }: Reduction) {
  return taking(1, 2, (evaluation) => {
    const { attributes, label, opset } = evaluation;
    const x = operand(evaluation, 0);
    const rank = x.shape.length;
    const keep = attributes.int("keepdims", 1) !== 0;
    const asked = listArgument(evaluation, "axes", 1, since) ?? [];
    const noop = opset >= since && attributes.int("noop_with_empty_axes", 0) !== 0;
    if (asked.length === 0 && noop) return x;
    const axes = resolvedAxes(asked.length === 0 ? x.shape.map((_, axis) => axis) : asked, rank, label);

    const kept = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
    const result = zeros(x.type, kept, label);
    const count = axes.reduce((product, axis) => product * x.shape[axis], 1);
    if (count === 0 && !ofNothing && result.values.length > 0) {
      throw new ShapeError(`${label}: nothing to reduce in shape ${formatExtents(x.shape)}`);
    }
    result.values.fill(start);
    reduceInto(result, x, combine);
    if (finish) {
      const last = x.type === "int" ? (all: number) => Math.trunc(finish(all, count)) + 0 : finish;
      result.values.forEach((all, entry) => {
        result.values[entry] = last(all, count);
      });
    }
    return keep
      ? result
      : reshaped(
          result,
          x.shape.filter((_, axis) => !axes.includes(axis)),
          label,
        );
  });
}

/** Combines each value of `x` into the entry of `result` above it; `result` has 1 along the reduced axes. */
function reduceInto(result: NdArray, x: NdArray, combine: Reduction["combine"]): void {
  const strides = stridesOf(result.shape);
  const axes = x.shape.map((extent, axis) =>
    Int32Array.from({ length: extent }, (_, position) =>
      result.shape[axis] === 1 ? 0 : position * strides[axis],
    ),
  );
  flatOffsets(axes).forEach((target, entry) => {
    result.values[target] = combine(result.values[target], x.values[entry]);
  });
}

const add = (all: number, value: number): number => all + value;

export const REDUCTIONS = {
  ReduceSum: reduction({ start: 0, combine: add, since: 13, ofNothing: true }),
  ReduceMean: reduction({ start: 0, combine: add, finish: (sum, n) => sum / n, since: 18, ofNothing: false }),
  ReduceProd: reduction({ start: 1, combine: (all, value) => all * value, since: 18, ofNothing: true }),
  ReduceMax: reduction({ start: Number.NEGATIVE_INFINITY, combine: Math.max, since: 18, ofNothing: false }),
  ReduceMin: reduction({ start: Number.POSITIVE_INFINITY, combine: Math.min, since: 18, ofNothing: false }),
};
