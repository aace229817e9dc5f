import { concat as concatOp, sum } from "../../autodiff/index.js";
import { ShapeError } from "../../errors.js";
import { formatShape, sameShape, sizeOf } from "../shape.js";
import { type LayerDefinition, MOVES_ONLY, NO_PARAMETERS } from "./definition.js";
import { unmoved } from "./sums.js";

/** The sum of two or more inputs of one shape: a skip connection's end. */
export interface AddLayer {
  readonly kind: "add";
}

/** Inputs stacked along their first extent (channels). */
export interface ConcatLayer {
  readonly kind: "concat";
}

/** The sum of two or more inputs of one shape: a skip connection's end. */
export function add(): AddLayer {
  return { kind: "add" };
}

/** Two or more inputs stacked along their first extent (channels); the other extents must agree. */
export function concat(): ConcatLayer {
  return { kind: "concat" };
}

/** The sum of two or more inputs of one shape. */
export const addDefinition: LayerDefinition<AddLayer> = {
  fields: {},
  outputShape(_layer, inputs, name) {
    if (inputs.length < 2)
      throw new ShapeError(`${name}: add takes two or more inputs, got ${inputs.length}`);
    const odd = inputs.find((shape) => !sameShape(shape, inputs[0]));
    if (odd) {
      throw new ShapeError(
        `${name}: add takes inputs of one shape, got ${formatShape(inputs[0])} and ${formatShape(odd)}`,
      );
    }
    return inputs[0];
  },
  parameters: NO_PARAMETERS,
  forward: (tape, _layer, _context, inputs) => sum(tape, inputs),
  sums(_layer, { inputShapes, outputShape }) {
    const size = sizeOf(outputShape);
    return {
      each(take) {
        for (let i = 0; i < inputShapes.length; i++) take(1, size, 0, 1, i * size, 1);
      },
      roundings: 0,
      diagonal: false,
    };
  },
  onnx: (_layer, inputs) => [{ op: inputs.length === 2 ? "Add" : "Sum" }],
};

/** Inputs stacked along their first extent; the others must agree. */
export const concatDefinition: LayerDefinition<ConcatLayer> = {
  fields: {},
  outputShape(_layer, inputs, name) {
    if (inputs.length < 2)
      throw new ShapeError(`${name}: concat takes two or more inputs, got ${inputs.length}`);
    const [first] = inputs;
    const odd = inputs.find((shape) => !sameShape(shape.slice(1), first.slice(1)));
    if (odd) {
      throw new ShapeError(
        `${name}: concat takes inputs that differ in their first extent only, got ${formatShape(first)} and ` +
          formatShape(odd),
      );
    }
    return [inputs.reduce((channels, shape) => channels + shape[0], 0), ...first.slice(1)];
  },
  parameters: NO_PARAMETERS,
  forward: (tape, _layer, _context, inputs) => concatOp(tape, inputs),
  multiplyAdds: MOVES_ONLY,
  sums: (_layer, { outputShape }) => unmoved(sizeOf(outputShape)),
  onnx: () => [{ op: "Concat", attributes: { axis: 1 } }],
};
