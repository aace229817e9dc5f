import type { Backend } from "../backend.js";
import * as rules from "../run-rules.js";
import type { PortableMemory } from "./tensor.js";

/** Medians of |x| over runs of rows, and where each was found; geometric means. */
export function medianOperations(
  memory: PortableMemory,
): Pick<Backend, "medianRows" | "medianRowsGradient" | "geometricMeanRows"> {
  return {
    medianRows(x, times) {
      const input = memory.take(x);
      const shape = rules.medianRows(input, times);
      const [value, index] = [memory.zeros(shape), memory.zeros(shape)];
      for (let run = 0; run < value.values.length; run++) {
        const sizes = input.values.subarray(run * times, (run + 1) * times).map(Math.abs);
        const sorted = sizes.slice().sort();
        // NaN sorts last.
        const median = Number.isNaN(sorted[times - 1]) ? Number.NaN : sorted[(times - 1) >> 1];
        value.values[run] = median;
        index.values[run] = Math.max(0, sizes.indexOf(median));
      }
      return { value, index };
    },

    medianRowsGradient(x, index, g, times) {
      const [input, holders, gradient] = [memory.take(x), memory.take(index), memory.take(g)];
      const out = memory.zeros(rules.medianRowsGradient(input, holders, gradient, times));
      for (let run = 0; run < holders.values.length; run++) {
        const at = run * times + holders.values[run];
        out.values[at] = Math.sign(input.values[at]) * gradient.values[run];
      }
      return out;
    },

    geometricMeanRows(x, times) {
      const input = memory.take(x);
      const out = memory.zeros(rules.geometricMeanRows(input, times));
      for (let run = 0; run < out.values.length; run++) {
        let sum = 0;
        for (let i = run * times; i < (run + 1) * times; i++) sum += Math.log(Math.abs(input.values[i]));
        out.values[run] = Math.exp(sum / times);
      }
      return out;
    },
  };
}
