import type { LayerOf } from "../../network/layer.js";
import { NeuronState } from "../dual-layer.js";
import { elementwiseRule } from "./elementwise.js";

/**
 * Dual of ReLU (Corollary 2, equations 12 to 14): inactive d = m = ρ = 0; active d = 1; unstable d = u/(u − ℓ) and
 * m = ρ = −dℓ/2, which gives the paper's −Σ ℓ[ν]₊ term. Fixed once the sign is known.
 */
export const relu = elementwiseRule<LayerOf<"relu">>((_layer, lower, upper) => {
  if (upper <= 0) return NeuronState.flat;
  return lower >= 0 ? NeuronState.passing : NeuronState.open;
});
