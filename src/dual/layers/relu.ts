import type { LayerOf } from "../../network/layer.js";
import { elementwiseRule } from "./elementwise.js";

/**
 * Dual of ReLU (Corollary 2, equations 12 to 14): inactive d = m = ρ = 0; active d = 1; unstable d = u/(u − ℓ) and
 * m = ρ = −dℓ/2, which gives the paper's −Σ ℓ[ν]₊ term. Fixed once the sign is known.
 */
export const relu = elementwiseRule<LayerOf<"relu">>((_layer, lower, upper) => upper <= 0 || lower >= 0);
