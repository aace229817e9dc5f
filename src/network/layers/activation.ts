import { apply } from "../../autodiff/index.js";
import type { Activation } from "../../compute/elementwise.js";
import { ShapeError } from "../../errors.js";
import { type LayerDefinition, NO_PARAMETERS, onlyShape } from "./definition.js";

/** Any elementwise activation: the backend knows its values, `dual/layers` its enclosing lines. */
export const activation: LayerDefinition<Activation> = {
  outputShape(layer, inputs, name) {
    if (layer.kind === "hardtanh" && !(layer.minimum < layer.maximum)) {
      throw new ShapeError(
        `${name}: hardtanh needs minimum < maximum, got ${layer.minimum} and ${layer.maximum}`,
      );
    }
    if (layer.kind === "leaky-relu" && !(layer.slope >= 0 && Number.isFinite(layer.slope))) {
      throw new ShapeError(`${name}: leaky-relu needs a slope of at least 0, got ${layer.slope}`);
    }
    return onlyShape(inputs, layer.kind, name);
  },
  parameters: NO_PARAMETERS,
  forward: (tape, layer, _context, [x]) => apply(tape, layer, x),
};
