import { add, multiply, scaleShift, type Tape, type Variable } from "../autodiff/index.js";
import { SHARED } from "../compute/owners.js";
import { foldedNetwork } from "./fold-batch-norms.js";
import { batchNormCoefficients } from "./layers/batch-norm.js";
import type { Network } from "./network.js";
import type { Bindings } from "./weights.js";

/** A network with the variables that its parameters are. */
export interface BoundNetwork {
  readonly network: Network;
  readonly bindings: Bindings;
}

/**
 * The same function without the batch norms that can be taken into the weights before them (Appendix B.5), on a tape: gradients flow
 * through W ← s·W and b ← s·(b − μ) + β to all that these are made of, the batch's statistics included. Once for each step, where
 * bounds and attacks would else scale and shift activations of every pass.
 */
export function foldOnTape(tape: Tape, { network, bindings }: BoundNetwork): BoundNetwork {
  const { into, folded } = foldedNetwork(network);
  if (into.size === 0) return { network, bindings };
  const all = new Map(bindings);
  for (const [norm, node] of into) {
    const { layer } = network.nodes[norm];
    if (layer?.kind !== "batch-norm") continue;
    const { scale, shift } = batchNormCoefficients(tape, layer, network.context(norm, bindings));
    const { name } = network.nodes[node];
    const bias = bindings.get(`${name}.bias`);
    all.set(
      `${name}.weight`,
      scaleShift(tape, bindings.get(`${name}.weight`) as Variable, scale, undefined, SHARED),
    );
    all.set(`${name}.bias`, bias ? add(tape, shift, multiply(tape, scale, bias)) : shift);
  }
  return {
    network: folded,
    bindings: new Map(folded.parameters.map(({ name }) => [name, all.get(name) as Variable])),
  };
}
