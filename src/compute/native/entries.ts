import type { Backend } from "../backend.js";
import * as rules from "../shape-rules/index.js";
import { functionArguments } from "./function-arguments.js";
import { type NativeMemory, optionalNumber } from "./tensor.js";

type EntryOperations = Pick<
  Backend,
  | "combine"
  | "weightedSum"
  | "scaleBy"
  | "multiply"
  | "minimum"
  | "maximum"
  | "apply"
  | "applyGradient"
  | "minimumGradient"
>;

/** Operations on each entry by itself. */
export function entryOperations(memory: NativeMemory): EntryOperations {
  return {
    combine(a, x, b, y) {
      const [left, right] = [memory.take(x), memory.take(y)];
      const shape = rules.pairwise("combine", left, right);
      return memory.give(shape, memory.engine.combine(a, left.number, b, right.number));
    },

    weightedSum(terms, constant, where) {
      const inputs = terms.map(({ x, by }) => ({ x: memory.take(x), by: by ? memory.take(by) : null }));
      const gate = where ? memory.take(where) : null;
      const shape = rules.weightedSum(inputs, gate);
      const parts = inputs.flatMap(({ x, by }, i) => {
        const { weight, absolute } = terms[i];
        return [weight, absolute ? 1 : 0, x.number, optionalNumber(by)];
      });
      const { engine } = memory;
      return memory.give(shape, engine.weightedSum(constant, terms.length, ...parts, optionalNumber(gate)));
    },

    scaleBy(x, a, b) {
      const input = memory.take(x);
      return memory.give(rules.entrywise(input), memory.engine.scaleBy(input.number, a, b));
    },

    multiply(x, y) {
      const [left, right] = [memory.take(x), memory.take(y)];
      const shape = rules.pairwise("multiply", left, right);
      return memory.give(shape, memory.engine.multiply(left.number, right.number));
    },

    minimum(x, y) {
      const [left, right] = [memory.take(x), memory.take(y)];
      const shape = rules.pairwise("minimum", left, right);
      return memory.give(shape, memory.engine.minimum(left.number, right.number));
    },

    maximum(x, y) {
      const [left, right] = [memory.take(x), memory.take(y)];
      const shape = rules.pairwise("maximum", left, right);
      return memory.give(shape, memory.engine.maximum(left.number, right.number));
    },

    apply(f, x) {
      const input = memory.take(x);
      const shape = rules.entrywise(input);
      return memory.give(shape, memory.engine.apply(...functionArguments(f), input.number));
    },

    applyGradient(f, x, g) {
      const [input, gradient] = [memory.take(x), memory.take(g)];
      const shape = rules.applyGradient(input, gradient);
      return memory.give(
        shape,
        memory.engine.applyGradient(...functionArguments(f), input.number, gradient.number),
      );
    },

    minimumGradient(x, y, g) {
      const [left, right, gradient] = [memory.take(x), memory.take(y), memory.take(g)];
      const shape = rules.minimumGradient(left, right, gradient);
      const [byX, byY] = memory.engine.minimumGradient(left.number, right.number, gradient.number);
      return { x: memory.give(shape, byX), y: memory.give(shape, byY) };
    },
  };
}
