import { FormatError, ShapeError, UnsupportedOperatorError } from "../../../../errors.js";
import { formatExtents, type NdArray } from "../array.js";
import {
  checkInputCount,
  expectAttribute,
  integers,
  type NodeEvaluation,
  operand,
  resolvedAxes,
  taking,
  typedOperand,
} from "../evaluation.js";
import { selected } from "../offsets.js";

/** How one axis is stretched. */
interface Stretch {
  readonly input: number;
  readonly output: number;
  /** In single precision, as the standard has it. */
  readonly scale: number;
  /** Whether that is just the quotient that was meant. */
  readonly exact: boolean;
}

/** A `coordinate_transformation_mode`. */
interface Transformation {
  /** Where in the input a position of the output lies. */
  readonly coordinate: (position: number, stretch: Stretch) => number;
  /** Whether coordinates that are multiples of ½ come out so in any precision. */
  readonly exact: (stretch: Stretch) => boolean;
}

const halfPixel: Transformation["coordinate"] = (position, { scale }) => (position + 0.5) / scale - 0.5;
const exactScale: Transformation["exact"] = ({ exact }) => exact;

const TRANSFORMATIONS: ReadonlyMap<string, Transformation> = new Map<string, Transformation>([
  ["asymmetric", { coordinate: (position, { scale }) => position / scale, exact: exactScale }],
  ["half_pixel", { coordinate: halfPixel, exact: exactScale }],
  [
    "pytorch_half_pixel",
    {
      coordinate: (position, stretch) => (stretch.output > 1 ? halfPixel(position, stretch) : 0),
      exact: exactScale,
    },
  ],
  [
    "align_corners",
    {
      coordinate: (position, { input, output }) =>
        output === 1 ? 0 : (position * (input - 1)) / (output - 1),
      exact: () => true,
    },
  ],
  [
    "half_pixel_symmetric",
    {
      coordinate: (position, stretch) => {
        const { input, output, scale } = stretch;
        return (input / 2) * (1 - output / (scale * input)) + halfPixel(position, stretch);
      },
      exact: ({ exact, input, output, scale }) => exact && scale * input === output,
    },
  ],
]);

const ROUNDINGS: ReadonlyMap<string, (coordinate: number) => number> = new Map([
  ["round_prefer_floor", (coordinate: number) => Math.ceil(coordinate - 0.5)],
  ["round_prefer_ceil", (coordinate: number) => Math.floor(coordinate + 0.5)],
  ["floor", Math.floor],
  ["ceil", Math.ceil],
]);

function nearest(
  x: NdArray,
  stretches: readonly Stretch[],
  { coordinate, exact }: Transformation,
  rounding: (coordinate: number) => number,
  label: string,
): NdArray {
  const shape = stretches.map(({ output }) => output);
  if (
    stretches.some(({ scale }) => scale !== 1) &&
    stretches.every(({ input, output }) => input === output)
  ) {
    // By the standard's formulas entries move; onnxruntime copies the input.
    throw new UnsupportedOperatorError(`${label}: scales that change no extent are ambiguous`);
  }
  const from = (axis: number, position: number): number => {
    const stretch = stretches[axis];
    if (stretch.scale === 1) return position;
    const at = coordinate(position, stretch);
    const index = (offset: number): number => Math.min(Math.max(rounding(at + offset), 0), stretch.input - 1);
    // Next to where the choice changes it depends on how a program rounds, unless no rounding takes place.
    const slack = 1e-6 * (1 + Math.abs(at));
    if (index(-slack) !== index(slack) && !(exact(stretch) && Number.isInteger(2 * at))) {
      throw new UnsupportedOperatorError(
        `${label}: the entry nearest to ${at} along axis ${axis} depends on rounding errors; choose another mode`,
      );
    }
    return index(0);
  };
  return selected(x, shape, from, label);
}

/** Between the two entries next to each coordinate, along one axis after the other; outside, those of the edges. */
function linear(
  x: NdArray,
  stretches: readonly Stretch[],
  { coordinate }: Transformation,
  label: string,
): NdArray {
  return stretches.reduce<NdArray>((array, stretch, axis) => {
    if (stretch.scale === 1 && stretch.input === stretch.output) return array;
    const shape = array.shape.map((extent, i) => (i === axis ? stretch.output : extent));
    const within = (index: number): number => Math.min(Math.max(index, 0), stretch.input - 1);
    const at = (position: number): number => coordinate(position, stretch);
    const side = (step: 0 | 1): NdArray =>
      selected(
        array,
        shape,
        (own, position) => (own === axis ? within(Math.floor(at(position)) + step) : position),
        label,
      );
    const [left, right] = [side(0), side(1)];
    const step = shape.slice(axis + 1).reduce((product, extent) => product * extent, 1);
    const values = left.values.map((value, i) => {
      const place = at(Math.floor(i / step) % stretch.output);
      const share = place - Math.floor(place);
      return (1 - share) * value + share * right.values[i];
    });
    return { ...left, values };
  }, x);
}

function scaled(input: number, scale: number, label: string): Stretch {
  if (!(scale > 0 && Number.isFinite(scale))) {
    throw new ShapeError(`${label}: scales must be positive, found ${scale}`);
  }
  // ONNX's own inference of shapes multiplies in single precision.
  return {
    input,
    output: Math.floor(Math.fround(input * Math.fround(scale))),
    scale: Math.fround(scale),
    exact: true,
  };
}

function sized(input: number, output: number, label: string): Stretch {
  if (input === 0 || output < 1) {
    throw new ShapeError(`${label}: cannot stretch ${input} entries to ${output}`);
  }
  const scale = Math.fround(output / input);
  return { input, output, scale, exact: scale * input === output };
}

/** Upsample, and Resize before operator set 11: a position is divided by the scale and rounded down. */
function upsampled(evaluation: NodeEvaluation, x: NdArray, scales: ArrayLike<number>): NdArray {
  const { label } = evaluation;
  expectAttribute(evaluation, "mode", "nearest");
  if (scales.length !== x.shape.length) {
    throw new ShapeError(`${label}: ${scales.length} scales do not fit shape ${formatExtents(x.shape)}`);
  }
  const stretches = x.shape.map((extent, axis) => scaled(extent, scales[axis], label));
  if (stretches.some(({ scale }) => scale < 1)) {
    // These operator sets do not say which entry is the nearest one, and programs that run them differ.
    throw new UnsupportedOperatorError(`${label}: scales under 1 are not supported before operator set 11`);
  }
  return nearest(x, stretches, TRANSFORMATIONS.get("asymmetric")!, Math.floor, label);
}

const upsample = taking(1, 2, (evaluation) => {
  const { attributes, label, opset } = evaluation;
  if (opset >= 10) {
    throw new UnsupportedOperatorError(`${label}: Upsample is not defined from operator set 10 on`);
  }
  const x = operand(evaluation, 0);
  checkInputCount(evaluation, opset < 9 ? 1 : 2, opset < 9 ? 1 : 2);
  const scales = opset < 9 ? attributes.floats("scales") : typedOperand(evaluation, 1, "float").values;
  return upsampled(evaluation, x, scales);
});

const resize = taking(1, 4, (evaluation) => {
  const { attributes, label, opset } = evaluation;
  const x = operand(evaluation, 0);
  if (opset < 11) {
    checkInputCount(evaluation, 2, 2);
    return upsampled(evaluation, x, typedOperand(evaluation, 1, "float").values);
  }
  const isLinear = attributes.string("mode", "nearest") === "linear";
  if (isLinear) expectAttribute(evaluation, "exclude_outside", 0);
  else expectAttribute(evaluation, "mode", "nearest");
  // The other modes alone depend on these.
  attributes.float("cubic_coeff_a", -0.75);
  attributes.float("extrapolation_value", 0);
  attributes.int("exclude_outside", 0);
  if (opset >= 18) {
    expectAttribute(evaluation, "antialias", 0);
    expectAttribute(evaluation, "keep_aspect_ratio_policy", "stretch");
  }
  const known = <T>(name: string, fallback: string, table: ReadonlyMap<string, T>): T => {
    const mode = attributes.string(name, fallback);
    const found = table.get(mode);
    if (found) return found;
    throw new UnsupportedOperatorError(`${label}: ${name} ${JSON.stringify(mode)} is not supported`);
  };
  const transformation = known("coordinate_transformation_mode", "half_pixel", TRANSFORMATIONS);
  const rounding = known("nearest_mode", "round_prefer_floor", ROUNDINGS);
  const stretches = stretchesOf(evaluation, x);
  return isLinear
    ? linear(x, stretches, transformation, label)
    : nearest(x, stretches, transformation, rounding, label);
});

/** From scales or sizes, of which just one is given; operator set 11 leaves an input out by a tensor of nothing. */
function stretchesOf(evaluation: NodeEvaluation, { shape }: NdArray): readonly Stretch[] {
  const { attributes, inputs, label, opset } = evaluation;
  const scales = inputs[2]?.values.length ? typedOperand(evaluation, 2, "float").values : undefined;
  const sizes = inputs[3]?.values.length ? integers(evaluation, 3) : undefined;
  if ((scales === undefined) === (sizes === undefined)) {
    throw new FormatError(`${label}: expected either scales or sizes`);
  }
  const asked = opset >= 18 ? attributes.ints("axes", undefined) : undefined;
  const axes = resolvedAxes(asked ?? shape.map((_, axis) => axis), shape.length, label);
  const given = scales ?? (sizes as readonly number[]);
  if (given.length !== axes.length) {
    throw new ShapeError(`${label}: ${given.length} scales or sizes for ${axes.length} axes`);
  }
  const stretches: Stretch[] = shape.map((input) => ({ input, output: input, scale: 1, exact: true }));
  axes.forEach((axis, i) => {
    stretches[axis] = (scales ? scaled : sized)(shape[axis], given[i], label);
  });
  return stretches;
}

export const RESIZE = { Upsample: upsample, Resize: resize };
