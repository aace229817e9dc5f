import * as z from "zod";
import { linear as linearOp } from "../../autodiff/index.js";
import { expectBoolean, expectOptions, ShapeError } from "../../errors.js";
import { formatShape, sizeOf } from "../shape.js";
import { type LayerDefinition, onlyShape } from "./definition.js";
import { affineParameters } from "./exported-node.js";
import { positive } from "./fields.js";
import { WEIGHT_AND_PRODUCT } from "./sums.js";

/** z = W x + b: weight `[out, in]`, bias `[out]`. */
export interface LinearLayer {
  readonly kind: "linear";
  readonly outFeatures: number;
  readonly bias: boolean;
}

/** z = W x + b for a flat input `[features]` → `[outFeatures]`. With a bias by default. */
export function linear(outFeatures: number, options: { readonly bias?: boolean } = {}): LinearLayer {
  expectOptions("linear: options", options, ["bias"]);
  const { bias = true } = options;
  expectBoolean("linear: bias", bias);
  return { kind: "linear", outFeatures, bias };
}

/** z = W x + b: weight `[out, in]`, bias `[out]`. */
export const linearDefinition: LayerDefinition<LinearLayer> = {
  fields: { outFeatures: positive, bias: z.boolean() },
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
  multiplyAdds: (_layer, [input], output) => sizeOf(input) * sizeOf(output),
  sums(layer, { inputShapes: [[features]], parameter }) {
    const weight = parameter("weight");
    const bias = layer.bias ? parameter("bias") : undefined;
    return {
      each(take) {
        for (let i = 0, at = 0; i < layer.outFeatures; i++) {
          for (let j = 0; j < features; j++, at++) take(weight[at], 1, i, 1, j, 1);
        }
      },
      offset: (output) => bias?.[output] ?? 0,
      roundings: WEIGHT_AND_PRODUCT,
      diagonal: false,
    };
  },
  onnx: (layer, _inputs, tensors) => [
    { op: "Gemm", tensors: affineParameters(layer, tensors), attributes: { transB: 1 } },
  ],
};
