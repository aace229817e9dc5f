import { scaleShift as scaleShiftOp, type Tape, type Variable } from "../../autodiff/index.js";
import { SHARED } from "../../compute/owners.js";
import { ShapeError } from "../../errors.js";
import type { ScaleShiftLayer } from "../layer.js";
import { formatShape, type Shape, sizeOf } from "../shape.js";
import { type LayerDefinition, NO_PARAMETERS, onlyShape } from "./definition.js";

/** scale · x + shift with constants: data normalisation, and what importers make of constant Mul and Add. */
export const scaleShift: LayerDefinition<ScaleShiftLayer> = {
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
};

/** The constants as `[features, 1]`. */
export function scaleShiftConstants(
  tape: Tape,
  layer: ScaleShiftLayer,
  shape: Shape,
): { readonly scale: Variable; readonly shift: Variable } {
  const features = sizeOf(shape);
  const column = (list: readonly number[]): Variable => {
    const repeat = features / list.length;
    const values = Float64Array.from({ length: features }, (_, i) => list[Math.floor(i / repeat)]);
    return tape.own(tape.backend.upload(features, 1, values));
  };
  return { scale: column(layer.scale), shift: column(layer.shift) };
}
