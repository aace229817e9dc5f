import type { Backend } from "../backend.js";
import * as rules from "../shape-rules.js";
import type { ReferenceMemory } from "./tensor.js";

/** Cross-entropy of a row's softmax with its label, and the derivative in the logits. */
export function lossOperations(
  memory: ReferenceMemory,
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
          to[k * rows + row] = (terms[k] / sum - (k === labels[row] ? 1 : 0)) * scale[row];
        }
      }
      return out;
    },
  };
}
