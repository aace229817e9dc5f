import { ShapeError } from "../../../../errors.js";
import { elementCount, formatExtents, intVector, reshaped } from "../array.js";
import {
  listArgument,
  operand,
  requiredIntegers,
  resolvedAxes,
  resolvedAxis,
  taking,
} from "../evaluation.js";

/** Rows are what stands before the axis, columns all from it on. */
const flatten = taking(1, 1, (evaluation) => {
  const { attributes, label } = evaluation;
  const x = operand(evaluation, 0);
  const asked = attributes.int("axis", 1);
  const axis = asked === x.shape.length ? asked : resolvedAxis(asked, x.shape.length, label);
  return reshaped(x, [elementCount(x.shape.slice(0, axis)), elementCount(x.shape.slice(axis))], label);
});

/** 0 keeps the extent that stands at its place, unless `allowzero`; one −1 takes what is left. */
const reshape = taking(2, 2, (evaluation) => {
  const { attributes, label, opset } = evaluation;
  const x = operand(evaluation, 0);
  const asked = requiredIntegers(evaluation, 1);
  const misfit = () =>
    new ShapeError(`${label}: cannot turn shape ${formatExtents(x.shape)} into ${formatExtents(asked)}`);
  const literal = opset >= 14 && attributes.int("allowzero", 0) !== 0;
  const shape = asked.map((extent, axis) => {
    if (extent !== 0 || literal) return extent;
    if (axis >= x.shape.length) throw misfit();
    return x.shape[axis];
  });
  const open = shape.indexOf(-1);
  if (open < 0) return reshaped(x, shape, label);
  const rest = elementCount(shape.toSpliced(open, 1));
  const extent = x.values.length / rest;
  // With a zero among the others, any extent would do.
  if (rest <= 0 || !Number.isInteger(extent)) throw misfit();
  return reshaped(x, shape.with(open, extent), label);
});

const squeeze = taking(1, 2, (evaluation) => {
  const { label } = evaluation;
  const x = operand(evaluation, 0);
  const asked = listArgument(evaluation, "axes", 1, 13);
  const ones = x.shape.flatMap((extent, axis) => (extent === 1 ? [axis] : []));
  const axes = asked ? resolvedAxes(asked, x.shape.length, label) : ones;
  if (!axes.every((axis) => ones.includes(axis))) {
    throw new ShapeError(`${label}: axes ${formatExtents(axes)} of ${formatExtents(x.shape)} are not all 1`);
  }
  return reshaped(
    x,
    x.shape.filter((_, axis) => !axes.includes(axis)),
    label,
  );
});

/** Axes count in the result. */
const unsqueeze = taking(1, 2, (evaluation) => {
  const { label } = evaluation;
  const x = operand(evaluation, 0);
  const asked = listArgument(evaluation, "axes", 1, 13);
  if (!asked) throw new ShapeError(`${label}: axes are missing`);
  const rank = x.shape.length + asked.length;
  const axes = resolvedAxes(asked, rank, label);
  const extents = x.shape.values();
  const shape = Array.from({ length: rank }, (_, axis) =>
    axes.includes(axis) ? 1 : (extents.next().value as number),
  );
  return reshaped(x, shape, label);
});

/** `start` and `end` are clamped to the dimensions that there are. */
const shape = taking(1, 1, (evaluation) => {
  const { attributes, opset } = evaluation;
  const extents = operand(evaluation, 0).shape;
  if (opset < 15) return intVector(extents);
  const start = attributes.int("start", 0);
  const end = attributes.int("end", extents.length);
  return intVector(extents.slice(start, end));
});

const size = taking(1, 1, (evaluation) => ({
  type: "int",
  shape: [],
  // By the shape: of an activation whose size is asked for at import, nothing else is known.
  values: Float64Array.of(elementCount(operand(evaluation, 0).shape)),
}));

export const SHAPES = {
  Identity: taking(1, 1, (evaluation) => operand(evaluation, 0)),
  Flatten: flatten,
  Reshape: reshape,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Shape: shape,
  Size: size,
};
