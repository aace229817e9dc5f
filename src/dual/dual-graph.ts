import type { Variable } from "../autodiff/index.js";
import type { NormOrder } from "../compute/backend.js";
import type { Network } from "../network/network.js";
import type { BoundLayer } from "./dual-layer.js";
import type { Rounding } from "./rounding.js";

/** The part of a dual network that is known so far: bound layers by node, and the ball at the input. */
export interface DualGraph {
  readonly network: Network;
  readonly layers: readonly (BoundLayer | undefined)[];
  readonly ballCentre: Variable;
  readonly ballRadius: Variable;
  readonly dualOrder: NormOrder;
  /** How roundings are counted; null where they are not. */
  readonly rounding: Rounding | null;
  /** Rounding at the input, a radius of its own in any norm, where roundings are counted. */
  readonly inputError: Variable | undefined;
  /** By node, the rounding that has gathered since the last enclosed layer; see `Rounding`. */
  readonly errors: readonly (Variable | undefined)[];
}

/** The layer at a node, which must be bound. */
export function boundLayer({ layers }: DualGraph, node: number): BoundLayer {
  const layer = layers[node];
  if (!layer) throw new Error(`node ${node} has no dual layer yet`);
  return layer;
}
