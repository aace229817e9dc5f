import type { Tape } from "../../src/autodiff/index.js";
import { buildDual } from "../../src/dual/auto-dual.js";
import type { DualGraph } from "../../src/dual/dual-graph.js";
import type { BoundLayer, Bounds, NodeBounds } from "../../src/dual/dual-layer.js";
import { ruleOf } from "../../src/dual/layers/index.js";
import type { Network } from "../../src/network/network.js";
import { type Bindings, fixedBindings, type Parameters, uploadWeights } from "../../src/network/weights.js";
import { makeBall } from "../../src/threat/ball.js";
import { randomExamples } from "./bounds.js";
import { lively } from "./networks.js";

/** A network of lively weights over balls around random examples, with all layers bound, and the bounds of `complete`. */
export async function boundGraph(
  tape: Tape,
  network: Network,
  examples: number,
  method: "parallel" | "adaptive" = "parallel",
  bind: (network: Network, parameters: Parameters) => Bindings = (_network, own) => fixedBindings(own),
): Promise<{
  readonly graph: DualGraph;
  readonly preActivation: NodeBounds;
  readonly bindings: Bindings;
}> {
  const { backend } = tape;
  const bindings = bind(network, uploadWeights(backend, lively(network, 1)));
  const spec = { norm: "linf", epsilon: 0.1 } as const;
  const ball = makeBall(backend, randomExamples(network, examples, 1), examples, spec);
  const { preActivation } = await buildDual(tape, network, bindings, ball, { complete: true, method });
  const layers = network.nodes.map(({ layer, inputs }, i): BoundLayer | undefined => {
    if (layer === null) return undefined;
    const context = network.context(i, bindings);
    const rule = ruleOf(layer);
    return rule.form === "affine"
      ? rule.bind(tape, layer, context)
      : rule[method](tape, layer, context, preActivation.get(inputs[0] as number) as Bounds);
  });
  const unrounded = { rounding: null, inputError: undefined, errors: [] };
  const [ballCentre, ballRadius] = [tape.constant(ball.centre), tape.constant(ball.radius)];
  return {
    graph: { network, layers, ballCentre, ballRadius, dualOrder: ball.dualOrder, ...unrounded },
    preActivation,
    bindings,
  };
}
