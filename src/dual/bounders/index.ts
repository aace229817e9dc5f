import type { Tape } from "../../autodiff/index.js";
import type { DualGraph } from "../dual-graph.js";
import type { Estimator } from "../estimator.js";
import type { GeneratorPass } from "../generators.js";
import { backward } from "./backward.js";
import type { Bounder } from "./bounder.js";
import { box } from "./box.js";
import { forward } from "./forward.js";
import { patches } from "./patches.js";
import { sketch } from "./sketch.js";

/**
 * All ways of bounding a node, the plainest last: with an estimator also by projections; with generators of the whole
 * network these take every node.
 */
export function boundersOf(
  tape: Tape,
  graph: DualGraph,
  estimator: Estimator | null,
  generators: GeneratorPass | null,
): readonly Bounder[] {
  const estimating = estimator ? [sketch(tape, graph, estimator)] : [];
  return [...estimating, forward(generators), patches, backward, box];
}
