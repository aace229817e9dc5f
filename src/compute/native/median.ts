import type { Backend } from "../backend.js";
import * as rules from "../run-rules.js";
import type { NativeMemory } from "./tensor.js";

/** Medians of |x| over runs of rows, and where each was found; geometric means. */
export function medianOperations(
  memory: NativeMemory,
): Pick<Backend, "medianRows" | "medianRowsGradient" | "geometricMeanRows"> {
  return {
    medianRows(x, times) {
      const input = memory.take(x);
      const shape = rules.medianRows(input, times);
      const [value, index] = memory.engine.medianRows(input.number, times);
      return { value: memory.give(shape, value), index: memory.give(shape, index) };
    },

    medianRowsGradient(x, index, g, times) {
      const [input, holders, gradient] = [memory.take(x), memory.take(index), memory.take(g)];
      const shape = rules.medianRowsGradient(input, holders, gradient, times);
      return memory.give(
        shape,
        memory.engine.medianRowsGradient(input.number, holders.number, gradient.number, times),
      );
    },

    geometricMeanRows(x, times) {
      const input = memory.take(x);
      const shape = rules.geometricMeanRows(input, times);
      return memory.give(shape, memory.engine.geometricMeanRows(input.number, times));
    },
  };
}
