/** What a node of a network does; each kind stands in a file of `layers`. */
export type { AffineLayer, Layer, LayerKind, LayerOf } from "./layers/index.js";
