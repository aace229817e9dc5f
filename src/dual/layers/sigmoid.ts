import type { LayerOf } from "../../network/layer.js";
import { NeuronState } from "../dual-layer.js";
import { elementwiseRule } from "./elementwise.js";

/** Dual of the logistic sigmoid: as tanh. Never fixed: it bends everywhere. */
export const sigmoid = elementwiseRule<LayerOf<"sigmoid">>(() => NeuronState.open);
