import { scaleShift as scaleShiftOp, type Tape, type Variable } from "../../autodiff/index.js";
import { SHARED } from "../../compute/owners.js";
import { expectNumberOrNumbers, ShapeError } from "../../errors.js";
import { formatShape, type Shape, sizeOf } from "../shape.js";
import { type LayerDefinition, NO_PARAMETERS, onlyShape } from "./definition.js";
import type { ExportedNode } from "./exported-node.js";
import { numbers } from "./fields.js";
import { COMPUTED_SCALE } from "./sums.js";

/** scale · x + shift with constants: one for all, one per channel, or one per feature. Data normalisation is such a layer. */
export interface ScaleShiftLayer {
  readonly kind: "scale-shift";
  readonly scale: readonly number[];
  readonly shift: readonly number[];
}

/** scale · x + shift with constants: one number for all, one per channel, or one per feature. */
export function scaleShift(
  scale: number | readonly number[],
  shift: number | readonly number[],
): ScaleShiftLayer {
  expectNumberOrNumbers("scaleShift: scale", scale);
  expectNumberOrNumbers("scaleShift: shift", shift);
  const list = (value: number | readonly number[]) => (typeof value === "number" ? [value] : [...value]);
  return { kind: "scale-shift", scale: list(scale), shift: list(shift) };
}

/** (x − mean) / std by channel: data normalisation as a layer, so that ε stays in the units of the data. */
export function normalize(
  mean: number | readonly number[],
  std: number | readonly number[],
): ScaleShiftLayer {
  expectNumberOrNumbers("normalize: mean", mean);
  expectNumberOrNumbers("normalize: std", std);
  const means = typeof mean === "number" ? [mean] : mean;
  const stds = typeof std === "number" ? [std] : std;
  const count = Math.max(means.length, stds.length);
  const at = (list: readonly number[], i: number) => list[list.length === 1 ? 0 : i];
  const channels = Array.from({ length: count }, (_, i) => i);
  return scaleShift(
    channels.map((i) => 1 / at(stds, i)),
    channels.map((i) => -at(means, i) / at(stds, i)),
  );
}

/** scale · x + shift with constants: data normalisation, and what importers make of constant Mul and Add. */
export const scaleShiftDefinition: LayerDefinition<ScaleShiftLayer> = {
  fields: { scale: numbers, shift: numbers },
  outputShape(layer, inputs, name) {
    const shape = onlyShape(inputs, "scale-shift", name);
    for (const [what, list] of [
      ["scale", layer.scale],
      ["shift", layer.shift],
    ] as const) {
      if (![1, shape[0], sizeOf(shape)].includes(list.length)) {
        throw new ShapeError(
          `${name}: ${what} needs 1, ${shape[0]} (channels) or ${sizeOf(shape)} (features) numbers for input ` +
            `${formatShape(shape)}, got ${list.length}`,
        );
      }
      const bad = list.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0)
        throw new ShapeError(`${name}: ${what}[${bad}] is ${list[bad]}, expected a finite number`);
    }
    return shape;
  },
  parameters: NO_PARAMETERS,
  forward(tape, layer, context, [x]) {
    const { scale, shift } = scaleShiftConstants(tape, layer, context.inputShapes[0]);
    return scaleShiftOp(tape, x, scale, shift, SHARED);
  },
  sums(layer, { inputShapes: [shape] }) {
    const [scale, shift] = [layer.scale, layer.shift].map((list) => byFeature(list, shape));
    return {
      each(take) {
        for (let i = 0; i < sizeOf(shape); i++) take(scale(i), 1, i, 1, i, 1);
      },
      offset: shift,
      roundings: COMPUTED_SCALE,
      diagonal: true,
    };
  },
  onnx: ({ scale, shift }, [shape], tensors) => {
    const shifts = shift.some((value) => value !== 0);
    const scales = !shifts || scale.some((value) => value !== 1);
    const constant = (name: string, values: readonly number[]) => [
      tensors.reals(name, values, broadcastable(values.length, shape)),
    ];
    const multiply = (): ExportedNode => ({ op: "Mul", tensors: constant("scale", scale) });
    const add = (): ExportedNode => ({ op: "Add", tensors: constant("shift", shift) });
    if (scales && shifts) return [multiply(), add()];
    return [scales ? multiply() : add()];
  },
};

/** The constants as `[features, 1]`. */
export function scaleShiftConstants(
  tape: Tape,
  layer: ScaleShiftLayer,
  shape: Shape,
): { readonly scale: Variable; readonly shift: Variable } {
  const features = sizeOf(shape);
  const column = (list: readonly number[]): Variable => {
    const values = new Float64Array(features);
    const repeat = features / list.length;
    list.forEach((value, i) => {
      values.fill(value, i * repeat, (i + 1) * repeat);
    });
    return tape.own(tape.backend.upload(features, 1, values));
  };
  return { scale: column(layer.scale), shift: column(layer.shift) };
}

/** The constant of each feature out of one for all, one per channel, or one per feature. */
function byFeature(list: readonly number[], shape: Shape): (feature: number) => number {
  const repeat = sizeOf(shape) / list.length;
  return (feature) => list[Math.floor(feature / repeat)];
}

/** The shape in which so many constants broadcast: one for all, one per channel, or one per feature. */
function broadcastable(count: number, shape: Shape): Shape {
  if (count === 1) return [];
  return count === sizeOf(shape) ? shape : [count, ...shape.slice(1).map(() => 1)];
}
