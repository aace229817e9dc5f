import type { Backend } from "../backend.js";
import * as rules from "../shape-rules/index.js";
import { ownerArguments } from "./arguments.js";
import type { NativeMemory } from "./tensor.js";

type Norms = Pick<
  Backend,
  "norm" | "normGradient" | "normRows" | "normRowsGradient" | "enclose" | "encloseGradient"
>;

/** Dual norms, along the features of a row or the rows of an owner; the backward step through parallel lines. */
export function normOperations(memory: NativeMemory): Norms {
  return {
    norm(x, weight, owners, order) {
      const [input, weights] = [memory.take(x), memory.take(weight)];
      const shape = rules.norm(input, weights, owners, order);
      return memory.give(
        shape,
        memory.engine.norm(input.number, weights.number, ...ownerArguments(owners), order),
      );
    },

    normGradient(x, weight, value, g, owners, order) {
      const [input, weights] = [memory.take(x), memory.take(weight)];
      const [norms, gradient] = [memory.take(value), memory.take(g)];
      const shapes = rules.normGradient(input, weights, norms, gradient, owners, order);
      const [byX, byWeight] = memory.engine.normGradient(
        input.number,
        weights.number,
        norms.number,
        gradient.number,
        ...ownerArguments(owners),
        order,
      );
      return { x: memory.give(shapes.x, byX), weight: memory.give(shapes.weight, byWeight) };
    },

    normRows(x, owners, columns, order) {
      const input = memory.take(x);
      const shape = rules.normRows(input, owners, columns, order);
      return memory.give(
        shape,
        memory.engine.normRows(input.number, columns, ...ownerArguments(owners), order),
      );
    },

    normRowsGradient(x, value, g, owners, order) {
      const [input, norms, gradient] = [memory.take(x), memory.take(value), memory.take(g)];
      const shape = rules.normRowsGradient(input, norms, gradient, owners, order);
      return memory.give(
        shape,
        memory.engine.normRowsGradient(
          input.number,
          norms.number,
          gradient.number,
          ...ownerArguments(owners),
          order,
        ),
      );
    },

    enclose(nu, slope, radius, owners) {
      const [input, slopes, radii] = [memory.take(nu), memory.take(slope), memory.take(radius)];
      const shape = rules.enclose(input, slopes, radii, owners);
      const [byNu, norms] = memory.engine.enclose(
        input.number,
        slopes.number,
        radii.number,
        ...ownerArguments(owners),
      );
      return { nu: memory.give(shape, byNu), radius: memory.give({ features: 1, rows: shape.rows }, norms) };
    },

    encloseGradient(nu, slope, radius, gNu, gRadius, owners) {
      const [input, slopes, radii] = [memory.take(nu), memory.take(slope), memory.take(radius)];
      const [g, h] = [memory.take(gNu), memory.take(gRadius)];
      const shapes = rules.encloseGradient(input, slopes, radii, g, h, owners);
      const [byNu, bySlope, byRadius] = memory.engine.encloseGradient(
        input.number,
        slopes.number,
        radii.number,
        g.number,
        h.number,
        ...ownerArguments(owners),
      );
      return {
        nu: memory.give(shapes.nu, byNu),
        slope: memory.give(shapes.lines, bySlope),
        radius: memory.give(shapes.lines, byRadius),
      };
    },
  };
}
