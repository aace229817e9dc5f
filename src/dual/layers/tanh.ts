import type { LayerOf } from "../../network/layer.js";
import { NeuronState } from "../dual-layer.js";
import { elementwiseRule } from "./elementwise.js";

/** Dual of tanh: the chord or the smaller end slope, whichever leaves the smaller radius. Never fixed: it bends everywhere. */
export const tanh = elementwiseRule<LayerOf<"tanh">>(() => NeuronState.open);
