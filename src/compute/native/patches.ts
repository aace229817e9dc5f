import type { Backend } from "../backend.js";
import * as rules from "../shape-rules.js";
import { ownerArguments, windowArguments } from "./arguments.js";
import type { NativeMemory } from "./tensor.js";

type Patches = Pick<
  Backend,
  "crop" | "cropTranspose" | "enclose" | "encloseGradient" | "patchNorm" | "patchNormGradient"
>;

/** Patches of images, one a row, and the backward step through parallel lines, whole or by patch. */
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

    enclose(nu, slope, radius, owners, window) {
      const [input, slopes, radii] = [memory.take(nu), memory.take(slope), memory.take(radius)];
      const shape = rules.enclose(input, slopes, radii, owners, window);
      const [byNu, norms] = memory.engine.enclose(
        input.number,
        slopes.number,
        radii.number,
        ...windowArguments(window),
        ...ownerArguments(owners),
      );
      return { nu: memory.give(shape, byNu), radius: memory.give({ features: 1, rows: shape.rows }, norms) };
    },

    encloseGradient(nu, slope, radius, gNu, gRadius, owners, window) {
      const [input, slopes, radii] = [memory.take(nu), memory.take(slope), memory.take(radius)];
      const [g, h] = [memory.take(gNu), memory.take(gRadius)];
      const shapes = rules.encloseGradient(input, slopes, radii, g, h, owners, window);
      const [byNu, bySlope, byRadius] = memory.engine.encloseGradient(
        input.number,
        slopes.number,
        radii.number,
        g.number,
        h.number,
        ...windowArguments(window),
        ...ownerArguments(owners),
      );
      return {
        nu: memory.give(shapes.nu, byNu),
        slope: memory.give(shapes.lines, bySlope),
        radius: memory.give(shapes.lines, byRadius),
      };
    },

    patchNorm(x, weight, owners, window) {
      const [input, weights] = [memory.take(x), memory.take(weight)];
      const shape = rules.patchNorm(input, weights, owners, window);
      return memory.give(
        shape,
        memory.engine.patchNorm(
          input.number,
          weights.number,
          ...windowArguments(window),
          ...ownerArguments(owners),
        ),
      );
    },

    patchNormGradient(x, weight, g, owners, window) {
      const [input, weights, gradient] = [memory.take(x), memory.take(weight), memory.take(g)];
      const shapes = rules.patchNormGradient(input, weights, gradient, owners, window);
      const [byX, byWeight] = memory.engine.patchNormGradient(
        input.number,
        weights.number,
        gradient.number,
        ...windowArguments(window),
        ...ownerArguments(owners),
      );
      return { x: memory.give(shapes.x, byX), weight: memory.give(shapes.weight, byWeight) };
    },
  };
}
