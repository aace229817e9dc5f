import { sum, type Tape, type Variable } from "../../autodiff/index.js";
import type { AddLayer } from "../../network/layers/join.js";
import { positionwiseCost } from "../cost.js";
import type { AffineRule, Patch } from "../dual-layer.js";

/** Dual of a join: forward the streams add; backward every branch gets the same ν (Theorem 1 with skip connections). */
export const add: AffineRule<AddLayer> = {
  form: "affine",
  bind: (_tape, _layer, context) => ({
    kind: "affine",
    coupling: "join",
    offset: undefined,
    roundings: { forward: context.inputShapes.length, backward: 1 },
    push: (tape, inputs) => sum(tape, inputs),
    back: (_tape, nu) => ({ nus: context.inputShapes.map(() => nu) }),
    parts: () => context.inputShapes.map(() => null),
    ...(context.outputShape.length === 3 && {
      crop: (patch: Patch) => ({
        input: patch,
        multiplyAdds: positionwiseCost(context.outputShape[0] * patch.height * patch.width),
        passes: true as const,
        back: (_tape: Tape, nu: Variable) => ({ nus: context.inputShapes.map(() => nu) }),
        parts: () => context.inputShapes.map(() => null),
      }),
    }),
    absolute: (tape, radii) => sum(tape, radii),
  }),
};
