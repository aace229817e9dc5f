import type { Backend } from "../backend.js";
import * as rules from "../shape-rules/index.js";
import type { NativeMemory } from "./tensor.js";

type LossOperations = Pick<Backend, "softmaxCrossEntropy" | "softmaxCrossEntropyGradient" | "adamStep">;

/** Cross-entropy of a row's softmax with its label, its derivative in the logits, and Adam. */
export function lossOperations(memory: NativeMemory): LossOperations {
  return {
    softmaxCrossEntropy(logits, labels) {
      const input = memory.take(logits);
      const shape = rules.softmaxCrossEntropy(input, labels);
      return memory.give(shape, memory.engine.softmaxCrossEntropy(input.number, labels));
    },

    softmaxCrossEntropyGradient(logits, labels, g) {
      const [input, gradient] = [memory.take(logits), memory.take(g)];
      const shape = rules.softmaxCrossEntropyGradient(input, labels, gradient);
      return memory.give(
        shape,
        memory.engine.softmaxCrossEntropyGradient(input.number, labels, gradient.number),
      );
    },

    adamStep(parameter, gradient, first, second, settings) {
      const [weights, slope] = [memory.take(parameter), memory.take(gradient)];
      const [mean, square] = [memory.take(first), memory.take(second)];
      rules.adamStep(weights, slope, mean, square);
      const { rate, beta1, beta2, epsilon, weightDecay, step } = settings;
      memory.engine.adamStep(
        weights.number,
        slope.number,
        mean.number,
        square.number,
        rate,
        beta1,
        beta2,
        epsilon,
        weightDecay,
        step,
      );
    },
  };
}
