import { Tape } from "../../src/autodiff/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import type { DualGraph } from "../../src/dual/dual-graph.js";
import { flatten, linear, relu } from "../../src/network/build-layer.js";
import type { Network } from "../../src/network/network.js";
import { boundGraph } from "../support/bound-graph.js";

export const backend = createPortableBackend({ dtype: "float64" });

/** What ends the networks of images, so that rows start at neurons of images and of vectors. */
export const head = [flatten(), linear(4), relu(), linear(2)];

/** Binds a network over one example, for rows through patches to be read. */
export async function over(
  network: Network,
  use: (graph: DualGraph, tape: Tape) => void | Promise<void>,
): Promise<void> {
  using tape = new Tape(backend, { record: false });
  const { graph: own } = await boundGraph(tape, network, 1);
  await use(own, tape);
}
