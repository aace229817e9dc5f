import { FormatError, ShapeError } from "../../../../errors.js";
import { formatExtents } from "../array.js";
import { checkInputCount, integers, operand, requiredIntegers, resolvedAxes, taking } from "../evaluation.js";
import { selected } from "../offsets.js";

interface Range {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

const clamped = (value: number, least: number, most: number): number =>
  Math.min(Math.max(value, least), most);

/** What of an axis is taken. Negative bounds count from the end; then both are clamped, as the standard says. */
function rangeOf(start: number, end: number, step: number, extent: number): Range {
  const fromFront = (bound: number): number => (bound < 0 ? bound + extent : bound);
  const [from, to] =
    step > 0
      ? [clamped(fromFront(start), 0, extent), clamped(fromFront(end), 0, extent)]
      : [clamped(fromFront(start), 0, extent - 1), clamped(fromFront(end), -1, extent - 1)];
  // Nothing is left of an empty axis, whose last entry would be −1.
  return { start: from, step, count: extent === 0 ? 0 : Math.max(0, Math.ceil((to - from) / step)) };
}

/** Bounds as attributes before operator set 10, as inputs from then on. */
const slice = taking(1, 5, (evaluation) => {
  const { attributes, label, opset } = evaluation;
  const x = operand(evaluation, 0);
  const given = (() => {
    if (opset >= 10) {
      return {
        starts: requiredIntegers(evaluation, 1),
        ends: requiredIntegers(evaluation, 2),
        axes: integers(evaluation, 3),
        steps: integers(evaluation, 4),
      };
    }
    checkInputCount(evaluation, 1, 1);
    const [starts, ends] = [attributes.roundedInts("starts"), attributes.roundedInts("ends")];
    if (!starts || !ends) throw new FormatError(`${label}: attributes "starts" and "ends" are needed`);
    return { starts, ends, axes: attributes.ints("axes", undefined), steps: undefined };
  })();
  const { starts, ends } = given;
  const axes = resolvedAxes(given.axes ?? starts.map((_, i) => i), x.shape.length, label);
  const steps = given.steps ?? starts.map(() => 1);
  if ([ends, axes, steps].some(({ length }) => length !== starts.length)) {
    throw new ShapeError(
      `${label}: starts, ends, axes and steps must be of one length, found ` +
        `${starts.length}, ${ends.length}, ${axes.length}, ${steps.length}`,
    );
  }
  if (steps.includes(0)) throw new ShapeError(`${label}: a step is 0 in ${formatExtents(steps)}`);
  const ranges: Range[] = x.shape.map((extent) => ({ start: 0, step: 1, count: extent }));
  axes.forEach((axis, i) => {
    ranges[axis] = rangeOf(starts[i], ends[i], steps[i], x.shape[axis]);
  });
  return selected(
    x,
    ranges.map(({ count }) => count),
    (axis, position) => ranges[axis].start + position * ranges[axis].step,
    label,
  );
});

export const SLICE = { Slice: slice };
