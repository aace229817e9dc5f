import { dot, gather, scatterAdd } from "../../autodiff/index.js";
import { SHARED } from "../../compute/owners.js";
import { constantPart, type RearrangementLayer, sourceIndex } from "../../network/layers/rearrangement.js";
import { sizeOf } from "../../network/shape.js";
import type { AffineRule } from "../dual-layer.js";

/** Dual of a layer that moves features: ν goes back to where each came from, collects the constants. Exact. */
export const rearrangement: AffineRule<RearrangementLayer> = {
  form: "affine",
  bind(tape, layer, context) {
    const features = sizeOf(context.inputShapes[0]);
    const index = sourceIndex(layer, context.inputShapes[0], context.outputShape);
    const offset = constantPart(tape, layer, index);
    const times = mostTimes(index, features);
    return {
      kind: "affine",
      coupling: times > 1 ? "mixing" : "diagonal",
      offset,
      roundings: offset || times > 1 ? { forward: 1, backward: times } : { forward: 0, backward: 0 },
      push: (tape, [x]) => gather(tape, x, index),
      back: (tape, nu, _owners, want) => ({
        nus: [scatterAdd(tape, nu, index, features)],
        centre: want.centre && offset ? dot(tape, nu, offset, SHARED) : undefined,
      }),
      // Of one input each, so that the ℓ1 and the ℓ2 norm are the same.
      absolute: (tape, [radius]) => gather(tape, radius, index),
    };
  },
};

/** How often a feature is taken, the one that is most often. */
function mostTimes(index: Int32Array, features: number): number {
  const taken = new Int32Array(features);
  let most = 0;
  for (const source of index) {
    if (source < 0) continue;
    taken[source] += 1;
    most = Math.max(most, taken[source]);
  }
  return most;
}
