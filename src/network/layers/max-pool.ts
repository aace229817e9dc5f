import { maxPoolChoice, select } from "../../autodiff/index.js";
import { OWN } from "../../compute/owners.js";
import { ShapeError } from "../../errors.js";
import type { MaxPoolLayer } from "../layer.js";
import { type LayerDefinition, NO_PARAMETERS } from "./definition.js";
import { windowGeometry, windowShape } from "./window.js";

/** The maximum over a window; positions outside the input are left out. */
export const maxPool: LayerDefinition<MaxPoolLayer> = {
  outputShape(layer, inputs, name) {
    const [kh, kw] = layer.kernel.map((size, i) => (size - 1) * layer.dilation[i] + 1);
    const [top, left, bottom, right] = layer.padding;
    if (Math.max(top, bottom) >= kh || Math.max(left, right) >= kw) {
      throw new ShapeError(
        `${name}: max-pool's padding ${layer.padding.join(", ")} must be smaller than its kernel`,
      );
    }
    return windowShape(layer, inputs, (channels) => channels, name);
  },
  parameters: NO_PARAMETERS,
  forward(tape, layer, context, [x]) {
    const geometry = windowGeometry(layer, context.inputShapes[0], context.outputShape);
    return select(tape, x, maxPoolChoice(tape, x, x, geometry).choice, OWN, Number.NEGATIVE_INFINITY);
  },
};
