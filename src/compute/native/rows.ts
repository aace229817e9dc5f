import type { Backend } from "../backend.js";
import * as rules from "../shape-rules/index.js";
import { ownerArguments } from "./arguments.js";
import { type NativeMemory, optionalNumber } from "./tensor.js";

type RowOperations = Pick<
  Backend,
  | "scaleShift"
  | "scaleBySign"
  | "scaleBySignGradient"
  | "spread"
  | "sumRows"
  | "multiplySumRows"
  | "dot"
  | "outer"
  | "outerSumRows"
>;

/** Rows and their owners. */
export function rowOperations(memory: NativeMemory): RowOperations {
  return {
    scaleShift(x, scale, shift, owners) {
      const [input, d, m] = [memory.take(x), memory.takeOptional(scale), memory.takeOptional(shift)];
      const shape = rules.scaleShift(input, d, m, owners);
      return memory.give(
        shape,
        memory.engine.scaleShift(
          input.number,
          optionalNumber(d),
          optionalNumber(m),
          ...ownerArguments(owners),
        ),
      );
    },

    scaleBySign(x, positive, negative, owners) {
      const [input, above, below] = [memory.take(x), memory.take(positive), memory.take(negative)];
      const shape = rules.scaleBySign(input, above, below, owners);
      return memory.give(
        shape,
        memory.engine.scaleBySign(input.number, above.number, below.number, ...ownerArguments(owners)),
      );
    },

    scaleBySignGradient(x, positive, negative, g, owners) {
      const [input, above, below] = [memory.take(x), memory.take(positive), memory.take(negative)];
      const gradient = memory.take(g);
      const shapes = rules.scaleBySignGradient(input, above, below, gradient, owners);
      const [byX, byAbove, byBelow] = memory.engine.scaleBySignGradient(
        input.number,
        above.number,
        below.number,
        gradient.number,
        ...ownerArguments(owners),
      );
      return {
        x: memory.give(shapes.x, byX),
        positive: memory.give(shapes.slopes, byAbove),
        negative: memory.give(shapes.slopes, byBelow),
      };
    },

    spread(x, owners, rows) {
      const input = memory.take(x);
      const shape = rules.spread(input, owners, rows);
      return memory.give(shape, memory.engine.spread(input.number, rows, ...ownerArguments(owners)));
    },

    sumRows(x, owners, columns) {
      const input = memory.take(x);
      const shape = rules.sumRows(input, owners, columns);
      return memory.give(shape, memory.engine.sumRows(input.number, columns, ...ownerArguments(owners)));
    },

    multiplySumRows(x, y, owners, columns) {
      const [left, right] = [memory.take(x), memory.take(y)];
      const shape = rules.multiplySumRows(left, right, owners, columns);
      return memory.give(
        shape,
        memory.engine.multiplySumRows(left.number, right.number, columns, ...ownerArguments(owners)),
      );
    },

    dot(x, weight, owners) {
      const [input, weights] = [memory.take(x), memory.take(weight)];
      const shape = rules.dot(input, weights, owners);
      return memory.give(shape, memory.engine.dot(input.number, weights.number, ...ownerArguments(owners)));
    },

    outer(weight, s, owners) {
      const [weights, scales] = [memory.take(weight), memory.take(s)];
      const shape = rules.outer(weights, scales, owners);
      return memory.give(
        shape,
        memory.engine.outer(weights.number, scales.number, ...ownerArguments(owners)),
      );
    },

    outerSumRows(x, s, owners, columns) {
      const [input, scales] = [memory.take(x), memory.take(s)];
      const shape = rules.outerSumRows(input, scales, owners, columns);
      return memory.give(
        shape,
        memory.engine.outerSumRows(input.number, scales.number, columns, ...ownerArguments(owners)),
      );
    },
  };
}
