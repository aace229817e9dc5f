import { apply, conv2d, conv2dTranspose, dot, type Variable } from "../../autodiff/index.js";
import type { Conv2dGeometry } from "../../compute/geometry.js";
import { multiplyAddsOfConv2d } from "../../compute/operations.js";
import { SHARED } from "../../compute/owners.js";
import type { ConvTranspose2dLayer } from "../../network/layers/conv-transpose2d.js";
import { biasByFeature, transposedGeometry } from "../../network/layers/conv-transpose2d.js";
import type { AffineRule, Roundings } from "../dual-layer.js";
import { lookAtPatch } from "../patch.js";
import { convolutionRoundings } from "./convolution.js";
import { magnitudeOf } from "./magnitude.js";
import { transposedPatch } from "./transposed-patch.js";

/** Those of the convolution that it is the transpose of, the other way round. */
function transposedRoundings(geometry: Conv2dGeometry): Roundings {
  const { forward, backward } = convolutionRoundings(geometry);
  return { forward: backward, backward: forward };
}

/** Dual of a transposed convolution: ν through the convolution itself, collects the bias. Exact. */
export const convTranspose2d: AffineRule<ConvTranspose2dLayer> = {
  form: "affine",
  bind(tape, layer, context) {
    const geometry = transposedGeometry(layer, context.inputShapes[0], context.outputShape);
    const weight = context.parameter("weight");
    const magnitude = magnitudeOf(tape, weight);
    const offset = biasByFeature(tape, layer, context);
    return {
      kind: "affine",
      coupling: "mixing",
      offset,
      roundings: transposedRoundings(geometry),
      push: (tape, [x]) => conv2dTranspose(tape, weight, x, geometry),
      back: (tape, nu, _owners, want) => ({
        nus: [conv2d(tape, weight, nu, undefined, geometry)],
        centre: want.centre && offset ? dot(tape, nu, offset, SHARED) : undefined,
      }),
      crop(patch, viewers) {
        const { input, geometry: local, placed } = transposedPatch(geometry, patch, viewers.rows);
        return {
          input,
          multiplyAdds: multiplyAddsOfConv2d(local),
          back(tape, nu, want) {
            const moved = placed(tape, nu);
            const nus = [conv2d(tape, weight, moved, undefined, local)];
            if (moved !== nu) tape.discard(moved);
            if (!want.centre || !offset) return { nus };
            const { values, owners } = lookAtPatch(
              tape,
              context.outputShape,
              patch,
              viewers,
            )(offset, "shared");
            return { nus, centre: dot(tape, nu, values, owners) };
          },
        };
      },
      absolute(tape, [radius], order) {
        const map = (w: Variable, r: Variable) => conv2dTranspose(tape, w, r, geometry);
        if (order === 1) return map(magnitude(tape), radius);
        const squared = apply(tape, { kind: "square" }, weight);
        return apply(tape, { kind: "sqrt" }, map(squared, apply(tape, { kind: "square" }, radius)));
      },
    };
  },
};
