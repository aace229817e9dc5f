import type { LayerOf } from "../../network/layer.js";
import { NeuronState } from "../dual-layer.js";
import { elementwiseRule } from "./elementwise.js";

/** Dual of leaky ReLU: the chord over [ℓ, u], touching at 0. Fixed once the sign is known. */
export const leakyRelu = elementwiseRule<LayerOf<"leaky-relu">>((_layer, lower, upper) =>
  upper <= 0 || lower >= 0 ? NeuronState.passing : NeuronState.open,
);
