import type { Backend } from "../backend.js";
import * as rules from "../shape-rules/index.js";
import { ownerArguments, windowArguments } from "./arguments.js";
import type { NativeMemory } from "./tensor.js";

type Patches = Pick<Backend, "crop" | "cropTranspose">;

/** Patches of images, one per row. */
export function patchOperations(memory: NativeMemory): Patches {
  return {
    crop(x, owners, window) {
      const input = memory.take(x);
      const shape = rules.crop(input, owners, window);
      return memory.give(
        shape,
        memory.engine.crop(input.number, ...windowArguments(window), ...ownerArguments(owners)),
      );
    },

    cropTranspose(y, owners, window, columns) {
      const input = memory.take(y);
      const shape = rules.cropTranspose(input, owners, window, columns);
      return memory.give(
        shape,
        memory.engine.cropTranspose(
          input.number,
          ...windowArguments(window),
          columns,
          ...ownerArguments(owners),
        ),
      );
    },
  };
}
