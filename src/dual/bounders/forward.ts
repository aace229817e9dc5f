import { entryBytes } from "../../compute/budget.js";
import { largestOf } from "../../compute/extremes.js";
import { sizeOf } from "../../network/shape.js";
import { boundsOf } from "../box.js";
import { costOfGenerators, firstReaders } from "../cost.js";
import { GeneratorPass, streamRadius } from "../generators.js";
import type { Bounder, Cost, NodeToBound } from "./bounder.js";

/**
 * Radii of all neurons of a node at once (Algorithm 1 without projections): generators of the ball and of every activation on
 * the way are pushed forward to it. Parallel lines only; unasked without gradients, and where memory has room.
 * With a pass of the whole network's it takes every node.
 */
export function forward(whole: GeneratorPass | null): Bounder {
  return {
    way: "forward",
    ...(whole && { claim: (node: NodeToBound) => costOf(node) }),
    cost(node) {
      if (node.lines !== "parallel" || node.tape.recording) return null;
      const cost = costOf(node);
      return cost.rows <= mostGenerators(node) ? cost : null;
    },
    async bound({ tape, graph, node, examples, box: { centre, error } }) {
      const pass = whole ?? new GeneratorPass(tape, graph);
      const features = sizeOf(graph.network.nodes[node].shape);
      const own = streamRadius(tape, await pass.at(node), features, examples);
      const radius = pass.roundedUp(own, node);
      return {
        box: { centre, radius, precision: "dual", error },
        bounds: boundsOf(tape, { centre, radius, error }, graph.rounding),
      };
    },
  };
}

function costOf({ graph: { network }, node, examples, bounded }: NodeToBound): Cost {
  const generators = new Map([[0, sizeOf(network.inputShape) * examples]]);
  const readers = firstReaders(network);
  for (const [input, count] of bounded) generators.set(readers[input], count);
  const rows = [...generators.values()].reduce((sum, own) => sum + own, 0);
  return { rows, multiplyAdds: costOfGenerators(network, node, generators) };
}

/** Bytes that two tensors of generators may take unless told. */
const GENERATOR_BYTES = 64 * 2 ** 20;

/** The most generators that memory has room for: two tensors at the widest node, and those of all nodes within the budget. */
function mostGenerators({ tape, graph: { network }, node, pieceBytes, budget }: NodeToBound): number {
  const { backend } = tape;
  const sizes = network.nodes.slice(0, node + 1).map(({ shape }) => sizeOf(shape));
  const bytes = entryBytes(backend.dtype);
  const most = (pieceBytes ?? GENERATOR_BYTES) / (2 * largestOf(sizes) * bytes);
  if (!budget) return most;
  const all = sizes.reduce((sum, size) => sum + size, 0);
  return Math.min(most, budget.left(backend) / (2 * all * bytes));
}
