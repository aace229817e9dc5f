import { Tape } from "../../src/autodiff/index.js";
import type { Backend, BackwardStart, BackwardStep } from "../../src/compute/backend.js";
import { indexedOwners } from "../../src/compute/owners.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import type { DualGraph } from "../../src/dual/dual-graph.js";
import { conv2d, flatten, linear, relu } from "../../src/network/build-layer.js";
import { type Network, sequential } from "../../src/network/network.js";
import { boundGraph } from "../support/bound-graph.js";

// What the walk asks of a backend.

export const OWNERS = indexedOwners(Int32Array.of(0));
export const WANT = { centre: false };

/** A portable backend that notes what it is asked for. */
function watched() {
  const backend = createPortableBackend();
  const seen: { readonly start: BackwardStart["kind"]; readonly steps: readonly BackwardStep["kind"][] }[] =
    [];
  let [norms, isOne] = [0, false];
  const { backward, norm } = backend;
  backend.backward = (start, steps, end) => {
    seen.push({ start: start.kind, steps: steps.map(({ kind }) => kind) });
    isOne = true;
    const found = backward.call(backend, start, steps, end);
    isOne = false;
    return found;
  };
  backend.norm = (...given) => {
    if (!isOne) norms += 1;
    return norm.apply(backend, given);
  };
  return { backend: backend as Backend, seen, norms: () => norms };
}

/** Binds a network over one example, and forgets what was asked for that. */
export async function over(
  network: Network,
  use: (found: { graph: DualGraph; tape: Tape } & ReturnType<typeof watched>) => void | Promise<void>,
): Promise<void> {
  const own = watched();
  using tape = new Tape(own.backend, { record: false });
  const { graph: bound } = await boundGraph(tape, network, 1);
  own.seen.length = 0;
  const before = own.norms();
  await use({ ...own, norms: () => own.norms() - before, graph: bound, tape });
}

export const IMAGE = sequential(
  [2, 4, 4],
  [conv2d(3, { kernel: 2 }), relu(), flatten(), linear(40), relu(), linear(2)],
);
