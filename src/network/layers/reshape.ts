import * as z from "zod";
import { expectNumbers, ShapeError } from "../../errors.js";
import { formatShape, type Shape, sizeOf } from "../shape.js";
import { type LayerDefinition, MOVES_ONLY, NO_PARAMETERS, onlyShape } from "./definition.js";
import { type Sums, type SumsContext, unmoved } from "./sums.js";

/** The same features under another shape; one extent may be −1. */
export interface ReshapeLayer {
  readonly kind: "reshape";
  readonly shape: Shape;
}

/** All features in one extent. */
export interface FlattenLayer {
  readonly kind: "flatten";
}

/** The input as it is. */
export interface IdentityLayer {
  readonly kind: "identity";
}

/** The same features under another shape; one extent may be −1 and is then what the others leave. */
export function reshape(shape: Shape): ReshapeLayer {
  expectNumbers("reshape: shape", shape);
  return { kind: "reshape", shape };
}

/** All features in one extent: `[features]`. */
export function flatten(): FlattenLayer {
  return { kind: "flatten" };
}

/** The input as it is: a named place in the graph. */
export function identity(): IdentityLayer {
  return { kind: "identity" };
}

const asTheyAre = (_layer: unknown, { outputShape }: SumsContext): Sums => unmoved(sizeOf(outputShape));

/** The same features under another shape; one extent may be −1. */
export const reshapeDefinition: LayerDefinition<ReshapeLayer> = {
  fields: { shape: z.array(z.number().int().min(-1)).min(1) },
  outputShape(layer, inputs, name) {
    const shape = onlyShape(inputs, "reshape", name);
    const size = sizeOf(shape);
    const known = layer.shape.filter((extent) => extent !== -1).reduce((a, b) => a * b, 1);
    const open = layer.shape.filter((extent) => extent === -1).length;
    const wanted =
      open === 1 ? layer.shape.map((extent) => (extent === -1 ? size / known : extent)) : layer.shape;
    if (open > 1 || !wanted.every((n) => Number.isInteger(n) && n >= 1) || sizeOf(wanted) !== size) {
      throw new ShapeError(`${name}: cannot reshape ${formatShape(shape)} to ${layer.shape.join("×")}`);
    }
    return wanted;
  },
  parameters: NO_PARAMETERS,
  forward: (_tape, _layer, _context, [x]) => x,
  multiplyAdds: MOVES_ONLY,
  sums: asTheyAre,
  // A 0 takes the batch over.
  onnx: ({ shape }, _inputs, tensors) => [
    { op: "Reshape", tensors: [tensors.integers("shape", [0, ...shape])] },
  ],
};

/** All features in one extent. */
export const flattenDefinition: LayerDefinition<FlattenLayer> = {
  fields: {},
  outputShape: (_layer, inputs, name) => [sizeOf(onlyShape(inputs, "flatten", name))],
  parameters: NO_PARAMETERS,
  forward: (_tape, _layer, _context, [x]) => x,
  multiplyAdds: MOVES_ONLY,
  sums: asTheyAre,
  onnx: () => [{ op: "Flatten", attributes: { axis: 1 } }],
};

/** Nothing: a named place in the graph. */
export const identityDefinition: LayerDefinition<IdentityLayer> = {
  fields: {},
  outputShape: (_layer, inputs, name) => onlyShape(inputs, "identity", name),
  parameters: NO_PARAMETERS,
  forward: (_tape, _layer, _context, [x]) => x,
  multiplyAdds: MOVES_ONLY,
  sums: asTheyAre,
  onnx: () => [{ op: "Identity" }],
};
