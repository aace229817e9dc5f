import type { Backend } from "../backend.js";
import * as rules from "../shape-rules/index.js";
import { gatheredGradient, gatheredProduct, type ProductScratch } from "./gathered-product.js";
import type { PortableMemory } from "./tensor.js";
import { convolutionOfGroup, transposeOfGroup } from "./window.js";

type Conv2dOperations = Pick<Backend, "conv2d" | "conv2dTranspose" | "conv2dWeightGradient">;

/** Convolution, its transpose and its weight gradient, each a product over a table of kernel taps. */
export function conv2dOperations(memory: PortableMemory, scratch: ProductScratch): Conv2dOperations {
  return {
    conv2d(weight, x, bias, geometry) {
      const [w, input, b] = [memory.take(weight), memory.take(x), memory.takeOptional(bias)];
      const out = memory.zeros(rules.conv2d(w, input, b, geometry));
      for (let group = 0; group < geometry.groups; group++) {
        const { outputs, layout, gathering, placement } = convolutionOfGroup(geometry, group);
        gatheredProduct(
          scratch,
          w.values,
          outputs,
          layout,
          input.values,
          input.rows,
          gathering,
          b?.values ?? null,
          group * outputs,
          out.values,
          placement,
        );
      }
      return out;
    },

    conv2dTranspose(weight, y, geometry) {
      const [w, input] = [memory.take(weight), memory.take(y)];
      const out = memory.zeros(rules.conv2dTranspose(w, input, geometry));
      for (let group = 0; group < geometry.groups; group++) {
        for (const { outputs, layout, gathering, placement } of transposeOfGroup(geometry, group)) {
          gatheredProduct(
            scratch,
            w.values,
            outputs,
            layout,
            input.values,
            input.rows,
            gathering,
            null,
            0,
            out.values,
            placement,
          );
        }
      }
      return out;
    },

    conv2dWeightGradient(y, x, geometry) {
      const [left, right] = [memory.take(y), memory.take(x)];
      const out = memory.zeros(rules.conv2dWeightGradient(left, right, geometry));
      for (let group = 0; group < geometry.groups; group++) {
        const { outputs, layout, gathering, placement } = convolutionOfGroup(geometry, group);
        gatheredGradient(
          scratch,
          left.values,
          outputs,
          placement,
          right.values,
          right.rows,
          gathering,
          out.values,
          layout,
        );
      }
      return out;
    },
  };
}
