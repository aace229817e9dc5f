import { sum } from "../../autodiff/index.js";
import type { AddLayer } from "../../network/layers/join.js";
import type { AffineRule } from "../dual-layer.js";

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
    absolute: (tape, radii) => sum(tape, radii),
  }),
};
