import type { Backend } from "../backend.js";
import * as rules from "../shape-rules/index.js";
import { geometryArgument } from "./arguments.js";
import { type NativeMemory, optionalNumber } from "./tensor.js";

type Products = Pick<
  Backend,
  | "linear"
  | "linearTranspose"
  | "linearWeightGradient"
  | "conv2d"
  | "conv2dTranspose"
  | "conv2dWeightGradient"
  | "conv2dSelect"
  | "conv2dSelectGradient"
>;

/** Linear maps and convolutions, their transposes, and their gradients in the weights. */
export function productOperations(memory: NativeMemory): Products {
  return {
    linear(weight, x, bias) {
      const [w, input, b] = [memory.take(weight), memory.take(x), memory.takeOptional(bias)];
      const shape = rules.linear(w, input, b);
      return memory.give(shape, memory.engine.linear(w.number, input.number, optionalNumber(b)));
    },

    linearTranspose(weight, y) {
      const [w, input] = [memory.take(weight), memory.take(y)];
      const shape = rules.linearTranspose(w, input);
      return memory.give(shape, memory.engine.linearTranspose(w.number, input.number));
    },

    linearWeightGradient(y, x) {
      const [left, right] = [memory.take(y), memory.take(x)];
      const shape = rules.linearWeightGradient(left, right);
      return memory.give(shape, memory.engine.linearWeightGradient(left.number, right.number));
    },

    conv2d(weight, x, bias, geometry) {
      const [w, input, b] = [memory.take(weight), memory.take(x), memory.takeOptional(bias)];
      const shape = rules.conv2d(w, input, b, geometry);
      const { engine } = memory;
      return memory.give(
        shape,
        engine.conv2d(w.number, input.number, optionalNumber(b), geometryArgument(geometry)),
      );
    },

    conv2dTranspose(weight, y, geometry) {
      const [w, input] = [memory.take(weight), memory.take(y)];
      const shape = rules.conv2dTranspose(w, input, geometry);
      return memory.give(
        shape,
        memory.engine.conv2dTranspose(w.number, input.number, geometryArgument(geometry)),
      );
    },

    conv2dWeightGradient(y, x, geometry) {
      const [left, right] = [memory.take(y), memory.take(x)];
      const shape = rules.conv2dWeightGradient(left, right, geometry);
      return memory.give(
        shape,
        memory.engine.conv2dWeightGradient(left.number, right.number, geometryArgument(geometry)),
      );
    },

    conv2dSelect(weight, index, geometry) {
      const w = memory.take(weight);
      const shape = rules.conv2dSelect(w, index, geometry);
      return memory.give(shape, memory.engine.conv2dSelect(w.number, geometryArgument(geometry), index));
    },

    conv2dSelectGradient(g, index, geometry) {
      const input = memory.take(g);
      const shape = rules.conv2dSelectGradient(input, index, geometry);
      return memory.give(
        shape,
        memory.engine.conv2dSelectGradient(input.number, geometryArgument(geometry), index),
      );
    },
  };
}
