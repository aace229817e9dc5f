import type { LayerOf } from "../../network/layer.js";
import { NeuronState } from "../dual-layer.js";
import { elementwiseRule } from "./elementwise.js";

/**
 * Dual of hardtanh (Appendix B.4, six cases): the chord's slope, and in the widest case the best of three. Fixed
 * where [ℓ, u] lies within one of its three pieces.
 */
export const hardtanh = elementwiseRule<LayerOf<"hardtanh">>(({ minimum, maximum }, lower, upper) => {
  if (upper <= minimum || lower >= maximum) return NeuronState.flat;
  return lower >= minimum && upper <= maximum ? NeuronState.passing : NeuronState.open;
});
