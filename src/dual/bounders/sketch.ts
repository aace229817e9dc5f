import { minimum, type Tape, type Variable } from "../../autodiff/index.js";
import { sizeOf } from "../../network/shape.js";
import { boundsOf } from "../box.js";
import { costOfGenerators } from "../cost.js";
import type { DualGraph } from "../dual-graph.js";
import { ErrorPass } from "../error-pass.js";
import type { Estimator } from "../estimator.js";
import { Sketcher } from "../sketch.js";
import type { Bounder, Cost, NodeToBound } from "./bounder.js";

/**
 * Estimates of all radii of a node by random projections (Theorem 2, Algorithm 1). With `cheaper` an offer among others,
 * else it takes every node that the estimator projects. Throws `UsageError` for a ball whose dual norm is no sum.
 */
export function sketch(tape: Tape, graph: DualGraph, estimator: Estimator): Bounder {
  const { dimension, sketches, independent, when, firstLayer, guarantee } = estimator;
  const sketcher = new Sketcher(tape, graph, estimator);
  const errors = guarantee === "probability" && graph.rounding ? new ErrorPass(tape, graph) : null;
  const withErrors = (estimate: Variable, node: number): Variable => {
    const error = errors?.at(node);
    return error && graph.rounding ? graph.rounding.merged(tape, estimate, error) : estimate;
  };
  const costOf = ({ node, examples }: NodeToBound): Cost => {
    const rows = dimension * sketches * examples;
    const reached = independent ? 0 : sketcher.reached;
    return { rows, multiplyAdds: costOfGenerators(graph.network, node, new Map([[reached, rows]])) };
  };
  return {
    way: "sketch",
    claim(node) {
      if (when === "cheaper" || (node.box.precision !== "loose" && !firstLayer)) return null;
      const wide = sizeOf(graph.network.nodes[node.node].shape) > dimension;
      return wide || when === "always" ? costOf(node) : null;
    },
    cost: (node) => (when === "cheaper" ? costOf(node) : null),
    // The box keeps its own radius: unlike an estimate it holds for the lines below. Where estimates are bounds, with high
    // probability, the better of both counts.
    bound({ box, node }) {
      const loose = guarantee === "probability" ? box.radius : undefined;
      const estimate = withErrors(sketcher.radius(node), node);
      const radius = loose ? minimum(tape, estimate, loose) : estimate;
      return { box, bounds: boundsOf(tape, { ...box, radius }, graph.rounding) };
    },
  };
}
