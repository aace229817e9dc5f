import { linear as linearOp } from "../../autodiff/index.js";
import { ShapeError } from "../../errors.js";
import type { LinearLayer } from "../layer.js";
import { formatShape } from "../shape.js";
import { type LayerDefinition, onlyShape } from "./definition.js";

/** z = W x + b: weight `[out, in]`, bias `[out]`. */
export const linear: LayerDefinition<LinearLayer> = {
  outputShape(layer, inputs, name) {
    const shape = onlyShape(inputs, "linear", name);
    if (shape.length !== 1) {
      throw new ShapeError(
        `${name}: linear takes a flat input [features], got ${formatShape(shape)}; put a flatten layer before it`,
      );
    }
    if (!Number.isInteger(layer.outFeatures) || layer.outFeatures < 1) {
      throw new ShapeError(`${name}: outFeatures must be a positive integer, got ${layer.outFeatures}`);
    }
    return [layer.outFeatures];
  },
  parameters(layer, [[inFeatures]]) {
    const initialization = { kind: "uniform", bound: 1 / Math.sqrt(inFeatures) } as const;
    const weight = {
      name: "weight",
      shape: [layer.outFeatures, inFeatures],
      role: "trained",
      initialization,
    } as const;
    const bias = { name: "bias", shape: [layer.outFeatures], role: "trained", initialization } as const;
    return layer.bias ? [weight, bias] : [weight];
  },
  forward(tape, layer, context, [x]) {
    return linearOp(tape, context.parameter("weight"), x, layer.bias ? context.parameter("bias") : undefined);
  },
};
