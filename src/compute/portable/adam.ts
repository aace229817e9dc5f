import type { Backend } from "../backend.js";
import * as rules from "../shape-rules/index.js";
import type { PortableMemory } from "./tensor.js";

/** Adam with bias correction; weight decay is added to the gradient, as in the paper's training. */
export function adamOperations(memory: PortableMemory): Pick<Backend, "adamStep"> {
  return {
    adamStep(parameter, gradient, first, second, settings) {
      const [weights, slope] = [memory.take(parameter), memory.take(gradient)];
      const [mean, square] = [memory.take(first), memory.take(second)];
      rules.adamStep(weights, slope, mean, square);
      const { rate, beta1, beta2, epsilon, weightDecay, step } = settings;
      const meanCorrection = 1 / (1 - beta1 ** step);
      const squareCorrection = 1 / (1 - beta2 ** step);
      const [w, g, m, v] = [weights.values, slope.values, mean.values, square.values];
      for (let i = 0; i < w.length; i++) {
        const full = g[i] + weightDecay * w[i];
        const nextMean = beta1 * m[i] + (1 - beta1) * full;
        const nextSquare = beta2 * v[i] + (1 - beta2) * full * full;
        m[i] = nextMean;
        v[i] = nextSquare;
        w[i] -= (rate * nextMean * meanCorrection) / (Math.sqrt(nextSquare * squareCorrection) + epsilon);
      }
    },
  };
}
