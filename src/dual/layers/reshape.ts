import type { FlattenLayer, IdentityLayer, ReshapeLayer } from "../../network/layers/reshape.js";
import type { AffineRule } from "../dual-layer.js";

/** Dual of a layer that moves nothing: flatten, reshape, identity. Features keep their order, so ν passes through. */
export const reshape: AffineRule<ReshapeLayer | FlattenLayer | IdentityLayer> = {
  form: "affine",
  bind: (_tape, layer) => ({
    kind: "affine",
    coupling: "diagonal",
    offset: undefined,
    roundings: { forward: 0, backward: 0 },
    push: (_tape, [x]) => x,
    back: (_tape, nu) => ({ nus: [nu] }),
    steps: () => [],
    absolute: (_tape, [radius]) => radius,
    crop:
      layer.kind === "identity"
        ? (patch) => ({
            input: patch,
            multiplyAdds: 0,
            passes: true,
            back: (_tape, nu) => ({ nus: [nu] }),
            steps: () => [],
          })
        : undefined,
  }),
};
