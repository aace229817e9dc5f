import type { Backend } from "../backend.js";
import * as rules from "../shape-rules/index.js";
import { geometryArgument, ownerArguments } from "./arguments.js";
import type { NativeMemory } from "./tensor.js";

type FeatureOperations = Pick<
  Backend,
  | "transpose"
  | "gather"
  | "scatterAdd"
  | "replace"
  | "concat"
  | "slice"
  | "select"
  | "selectTranspose"
  | "maxPoolChoice"
>;

/** Moves of features: permutations, padding, slices, joins, and the choices of max pooling. */
export function featureOperations(memory: NativeMemory): FeatureOperations {
  return {
    transpose(tensor) {
      const x = memory.take(tensor);
      return memory.give(rules.transpose(x), memory.engine.transpose(x.number));
    },

    gather(x, index) {
      const input = memory.take(x);
      return memory.give(rules.gather(input, index), memory.engine.gather(input.number, index));
    },

    scatterAdd(y, index, features) {
      const input = memory.take(y);
      const shape = rules.scatterAdd(input, index, features);
      return memory.give(shape, memory.engine.scatterAdd(input.number, index, features));
    },

    replace(x, index, y) {
      const [input, parts] = [memory.take(x), memory.take(y)];
      const shape = rules.replace(input, index, parts);
      return memory.give(shape, memory.engine.replace(input.number, index, parts.number));
    },

    concat(parts) {
      const inputs = parts.map((part) => memory.take(part));
      const shape = rules.concat(inputs);
      return memory.give(shape, memory.engine.concat(inputs.length, ...inputs.map(({ number }) => number)));
    },

    slice(x, start, count) {
      const input = memory.take(x);
      const shape = rules.slice(input, start, count);
      return memory.give(shape, memory.engine.slice(input.number, start, count));
    },

    select(x, index, owners, missing) {
      const [input, places] = [memory.take(x), memory.take(index)];
      const shape = rules.select(input, places, owners);
      return memory.give(
        shape,
        memory.engine.select(input.number, places.number, ...ownerArguments(owners), missing),
      );
    },

    selectTranspose(y, index, owners, features) {
      const [input, places] = [memory.take(y), memory.take(index)];
      const shape = rules.selectTranspose(input, places, owners, features);
      return memory.give(
        shape,
        memory.engine.selectTranspose(input.number, places.number, ...ownerArguments(owners), features),
      );
    },

    maxPoolChoice(lower, upper, geometry) {
      const [lows, highs] = [memory.take(lower), memory.take(upper)];
      const shape = rules.maxPoolChoice(lows, highs, geometry);
      const [choice, rival] = memory.engine.maxPoolChoice(
        lows.number,
        highs.number,
        geometryArgument(geometry),
      );
      return { choice: memory.give(shape, choice), rival: memory.give(shape, rival) };
    },
  };
}
