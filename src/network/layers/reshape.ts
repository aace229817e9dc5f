import { ShapeError } from "../../errors.js";
import type { FlattenLayer, IdentityLayer, ReshapeLayer } from "../layer.js";
import { formatShape, sizeOf } from "../shape.js";
import { type LayerDefinition, NO_PARAMETERS, onlyShape } from "./definition.js";

/** The same features under another shape; one extent may be −1. */
export const reshape: LayerDefinition<ReshapeLayer> = {
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
};

/** All features in one extent. */
export const flatten: LayerDefinition<FlattenLayer> = {
  outputShape: (_layer, inputs, name) => [sizeOf(onlyShape(inputs, "flatten", name))],
  parameters: NO_PARAMETERS,
  forward: (_tape, _layer, _context, [x]) => x,
};

/** Nothing: a named place in the graph. */
export const identity: LayerDefinition<IdentityLayer> = {
  outputShape: (_layer, inputs, name) => onlyShape(inputs, "identity", name),
  parameters: NO_PARAMETERS,
  forward: (_tape, _layer, _context, [x]) => x,
};
