import { Tape } from "../../src/autodiff/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import type { Neurons, NodeToBound } from "../../src/dual/bounders/bounder.js";
import type { Precision } from "../../src/dual/box.js";
import type { Estimator } from "../../src/dual/estimator.js";
import { conv2d, flatten, linear, relu } from "../../src/network/build-layer.js";
import { type Network, sequential } from "../../src/network/network.js";
import { boundGraph } from "../support/bound-graph.js";

// What bounders are asked about.

export const backend = createPortableBackend({ dtype: "float64" });
export const EXAMPLES = 3;
export const FLAT = sequential([4], [linear(5), relu(), linear(7), relu(), linear(2)]);
export const IMAGE = sequential(
  [1, 6, 6],
  [
    conv2d(2, { kernel: 3 }),
    relu(),
    conv2d(2, { kernel: 2 }),
    relu(),
    flatten(),
    linear(5),
    relu(),
    linear(2),
  ],
);

/** A node to bound in a loose box of radius 2, after six neurons that were. */
export async function at(
  network: Network,
  node: number,
  use: (place: NodeToBound, tape: Tape) => void | Promise<void>,
  record = false,
): Promise<void> {
  using tape = new Tape(backend, { record });
  const { graph, preActivation } = await boundGraph(tape, network, EXAMPLES);
  const loose = preActivation.get(node) as NodeToBound["loose"];
  const { features, rows } = loose.lower.value;
  const filled = (value: number) => tape.own(backend.filled(features, rows, value));
  const own = { centre: filled(0), radius: filled(2), precision: "loose" } as const;
  await use(
    {
      ...{ tape, graph, node, examples: EXAMPLES, box: own, loose, lines: "parallel" },
      bounded: new Map([[1, 6]]),
    },
    tape,
  );
}

/** So many of them; which ones is left open. */
export function neurons(unstable: number, active: number, tightening = false): Neurons {
  const list = (size: number) => ({ index: new Int32Array(size), owner: new Int32Array(size) });
  return { unstable: list(unstable), active: list(active), tightening };
}

export const ofPrecision = (place: NodeToBound, precision: Precision): NodeToBound => ({
  ...place,
  box: { ...place.box, precision },
});

/** Says that each norm is so much. */
export function estimatorOf(given: Partial<Estimator>, says = 1): Estimator {
  return {
    ...{ dimension: 5, form: "joint", when: "wider", firstLayer: false, guarantee: "estimate" },
    ...{ sketches: 2, independent: true },
    noise: (distribution) => ({ distribution, key: [1, 2], stream: [3, 4] }),
    estimate: (tape, projections) =>
      tape.own(
        tape.backend.filled(
          projections.value.features,
          projections.value.rows / (given.dimension ?? 5),
          says,
        ),
      ),
    ...given,
  } as Estimator;
}
