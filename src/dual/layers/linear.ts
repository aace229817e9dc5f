import { apply, dot, linear as linearOp, linearTranspose, spread, transpose } from "../../autodiff/index.js";
import { indexedOwners, SHARED } from "../../compute/owners.js";
import type { LinearLayer } from "../../network/layers/linear.js";
import type { AffineRule } from "../dual-layer.js";
import { offsetStep } from "../patch.js";
import { matrixMagnitude } from "./magnitude.js";

/** Dual of z = W x + b: ν ← Wᵀν, collects bᵀν. Exact. */
export const linear: AffineRule<LinearLayer> = {
  form: "affine",
  bind(bound, layer, context) {
    const weight = context.parameter("weight");
    const magnitude = matrixMagnitude(bound, weight);
    const offset = layer.bias ? context.parameter("bias") : undefined;
    return {
      kind: "affine",
      coupling: "mixing",
      offset,
      roundings: { forward: weight.value.rows, backward: weight.value.features },
      push: (tape, [x]) => linearOp(tape, weight, x),
      back: (tape, nu, _owners, want) => ({
        nus: [linearTranspose(tape, weight, nu)],
        centre: want.centre && offset ? dot(tape, nu, offset, SHARED) : undefined,
      }),
      steps: (_owners, want) => [
        ...(want.centre && offset ? [offsetStep({ values: offset, owners: SHARED })] : []),
        { kind: "linear", weight: weight.value },
      ],
      absolute(tape, [radius], order) {
        if (order === 1) return magnitude(tape, "abs", radius);
        const sum = magnitude(tape, "square", apply(tape, { kind: "square" }, radius));
        return apply(tape, { kind: "sqrt" }, sum);
      },
      terms: (tape, alive) => {
        const ones = (count: number) => tape.own(tape.backend.filled(count, 1, 1));
        const count = dot(tape, alive, ones(alive.value.features), SHARED);
        return linearOp(tape, ones(weight.value.features), count);
      },
      lines: weight,
      // Wᵀ of a unit vector is a row of W: no multiplication.
      select: (tape, index) => spread(tape, transpose(tape, weight), indexedOwners(index), index.length),
    };
  },
};
