import { maxPoolChoice, select } from "../../autodiff/index.js";
import { OWN } from "../../compute/owners.js";
import { ShapeError } from "../../errors.js";
import { type LayerDefinition, NO_PARAMETERS } from "./definition.js";
import { type Pair, type PairLike, pair, poolWindow, type Sides, type WindowOptions } from "./extents.js";
import { pairField, windowFields } from "./fields.js";
import { windowAttributes, windowGeometry, windowShape } from "./window.js";

/** The maximum over a window; padding is left out. */
export interface MaxPoolLayer {
  readonly kind: "max-pool";
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Sides;
  readonly dilation: Pair;
}

/** The maximum over each window, padding left out. Stride is the kernel's size if left out. */
export function maxPool(options: WindowOptions & { readonly dilation?: PairLike }): MaxPoolLayer {
  return {
    kind: "max-pool",
    ...poolWindow(options, "maxPool", ["dilation"]),
    dilation: pair(options.dilation ?? 1, "maxPool: dilation"),
  };
}

/** The maximum over a window; positions outside the input are left out. */
export const maxPoolDefinition: LayerDefinition<MaxPoolLayer> = {
  fields: { ...windowFields, dilation: pairField.default([1, 1]) },
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
  onnx: (layer) => [{ op: "MaxPool", attributes: { ...windowAttributes(layer), dilations: layer.dilation } }],
};
