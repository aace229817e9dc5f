import type { Backend } from "../backend.js";
import * as rules from "../shape-rules/index.js";
import type { PortableMemory } from "./tensor.js";

/**
 * A smaller share of the softmax is taken as none: in any sum with the gradients of other examples it is lost to rounding,
 * and what it would leave on its way back through a deep network are subnormal numbers, slow on most processors.
 */
const LEAST_SHARE = 2 ** -64;

/** Cross-entropy of a row's softmax with its label, and the derivative in the logits. */
export function lossOperations(
  memory: PortableMemory,
): Pick<Backend, "softmaxCrossEntropy" | "softmaxCrossEntropyGradient"> {
  return {
    softmaxCrossEntropy(logits, labels) {
      const input = memory.take(logits);
      const out = memory.zeros(rules.softmaxCrossEntropy(input, labels));
      const { features, rows, values } = input;
      for (let row = 0; row < rows; row++) {
        let largest = Number.NEGATIVE_INFINITY;
        for (let k = 0; k < features; k++) largest = Math.max(largest, values[k * rows + row]);
        let sum = 0;
        for (let k = 0; k < features; k++) sum += Math.exp(values[k * rows + row] - largest);
        out.values[row] = Math.log(sum) + (largest - values[labels[row] * rows + row]);
      }
      return out;
    },

    softmaxCrossEntropyGradient(logits, labels, g) {
      const [input, gradient] = [memory.take(logits), memory.take(g)];
      const out = memory.zeros(rules.softmaxCrossEntropyGradient(input, labels, gradient));
      const { features, rows, values } = input;
      const [scale, to] = [gradient.values, out.values];
      const terms = new Float64Array(features);
      for (let row = 0; row < rows; row++) {
        let largest = Number.NEGATIVE_INFINITY;
        for (let k = 0; k < features; k++) largest = Math.max(largest, values[k * rows + row]);
        let sum = 0;
        for (let k = 0; k < features; k++) {
          terms[k] = Math.exp(values[k * rows + row] - largest);
          sum += terms[k];
        }
        for (let k = 0; k < features; k++) {
          const share = terms[k] / sum;
          const kept = share < LEAST_SHARE ? 0 : share;
          to[k * rows + row] = (kept - (k === labels[row] ? 1 : 0)) * scale[row];
        }
      }
      return out;
    },
  };
}
