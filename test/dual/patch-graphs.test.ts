import { describe, expect, it } from "vitest";
import { multiply, subtract, sumRows, Tape, type Variable } from "../../src/autodiff/index.js";
import { indexedOwners, SHARED } from "../../src/compute/owners.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { type RandomSource, random } from "../../src/compute/random.js";
import { propagateBack } from "../../src/dual/backward.js";
import { rowsThroughPatches } from "../../src/dual/patch-rows.js";
import { wholeRows } from "../../src/dual/view.js";
import { patchCost } from "../../src/dual/windows.js";
import {
  add,
  averagePool,
  batchNorm,
  concat,
  conv2d,
  flatten,
  identity,
  linear,
  pad,
  relu,
  scaleShift,
  tanh,
} from "../../src/network/build-layer.js";
import { type Attach, graph, type Handle, type Network } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import { trainedBindings } from "../../src/network/weights.js";
import { boundGraph } from "../support/bound-graph.js";
import { largestRelativeError } from "../support/numbers.js";

const GRAPHS = 12;
const EXAMPLES = 2;

/** An image with what is known of it. */
interface Image {
  readonly handle: Handle;
  readonly channels: number;
  readonly stride: number;
}

/** A layer or two that keep the size of the image, or halve it. */
function branch(source: RandomSource, attach: Attach, from: Image, channels: number, stride: 1 | 2): Image {
  const own = (layer: Parameters<Attach>[0], handle: Handle) => attach(layer, handle);
  let handle = from.handle;
  switch (source.integer(5)) {
    case 0:
      handle = own(conv2d(channels, { kernel: 3, padding: 1, stride }), handle);
      handle = own(batchNorm(), handle);
      break;
    case 1:
      handle = own(conv2d(3, { kernel: 3, padding: 1 }), handle);
      handle = own(source.uniform() < 0.5 ? relu() : tanh(), handle);
      handle = own(conv2d(channels, { kernel: stride === 2 ? 2 : 1, stride }), handle);
      break;
    case 2:
      handle = own(pad([0, 1, 1], [0, 1, 1], source.uniform() < 0.5 ? 0 : 0.5), handle);
      handle = own(conv2d(channels, { kernel: 3, stride }), handle);
      break;
    case 3:
      handle = own(averagePool({ kernel: 3, stride: 1, padding: 1 }), handle);
      handle = own(conv2d(channels, { kernel: stride, stride }), handle);
      break;
    default:
      handle = own(scaleShift(-1.5, 0.2), own(identity(), handle));
      handle = own(conv2d(channels, { kernel: stride, stride }), handle);
  }
  return { handle, channels, stride: from.stride * stride };
}

/** Branches that part and meet: sums and stacks, of one input twice, of neighbours and of what lies far back. */
function randomGraph(seed: number): Network {
  const source = random(seed, "patch graph");
  return graph([2, 8, 8], (input, attach) => {
    let last: Image = { handle: input, channels: 2, stride: 1 };
    last = branch(source, attach, last, 3, 1);
    last = { ...last, handle: attach(relu(), last.handle) };
    const before: Image[] = [last];
    for (let i = 0; i < 3; i++) {
      const halves = last.stride === 1 && source.uniform() < 0.4 ? 2 : 1;
      const first = branch(source, attach, last, 3, halves);
      const sizes = before.filter((own) => own.stride * halves === first.stride);
      const other = sizes[source.integer(sizes.length)];
      const second =
        halves === 1 && other.channels === 3 && source.uniform() < 0.6
          ? other
          : branch(source, attach, other, 3, halves);
      const isSum = source.uniform() < 0.7;
      const again = source.uniform() < 0.2 ? [first.handle] : [];
      let handle = attach(isSum ? add() : concat(), first.handle, second.handle, ...(isSum ? again : []));
      // The activation reads the join itself, or a convolution of it.
      if (source.uniform() < 0.5) handle = attach(conv2d(3, { kernel: 1 }), handle);
      handle = attach(relu(), handle);
      last = { handle: attach(conv2d(3, { kernel: 1 }), handle), channels: 3, stride: first.stride };
      before.push(last);
    }
    return attach(linear(3), attach(relu(), attach(flatten(), last.handle)));
  });
}

const read = async (tape: Tape, x: Variable) => Array.from(await tape.backend.read(x.value));

describe.each(Array.from({ length: GRAPHS }, (_, seed) => seed))("graph %d", (seed) => {
  it.each(["parallel", "adaptive"] as const)("rows through patches are whole rows: %s", async (method) => {
    const backend = createPortableBackend();
    using tape = new Tape(backend, { record: false });
    const { graph: bound, preActivation } = await boundGraph(tape, randomGraph(seed), EXAMPLES, method);
    let seen = 0;
    for (const node of preActivation.keys()) {
      if (!patchCost(bound, node)) continue;
      seen += 1;
      const rows = sizeOf(bound.network.nodes[node].shape) * EXAMPLES;
      const index = Int32Array.from({ length: rows }, (_, row) => Math.floor(row / EXAMPLES));
      const owner = index.map((_, row) => row % EXAMPLES);
      const views = [wholeRows(bound, indexedOwners(owner)), rowsThroughPatches(bound, node, index, owner)];
      for (const sign of [1, -1] as const) {
        const found: number[][] = [];
        for (const view of views) {
          for (const record of [false, true]) {
            using own = new Tape(backend, { record });
            const { centre, radius } = propagateBack(
              own,
              bound,
              view,
              { node, index, sign },
              { centre: true },
            );
            found.push([...(await read(own, centre as Variable)), ...(await read(own, radius))]);
          }
        }
        for (const other of found.slice(1)) expect(largestRelativeError(other, found[0])).toBeLessThan(1e-11);
      }
    }
    expect(seen).toBeGreaterThan(3);
  });

  it.each(["parallel", "adaptive"] as const)(
    "their gradients are those of whole rows: %s",
    async (method) => {
      const backend = createPortableBackend();
      const found: number[][] = [];
      for (const isCropped of [false, true]) {
        using tape = new Tape(backend, { record: true });
        const network = randomGraph(seed);
        const {
          graph: bound,
          preActivation,
          bindings,
        } = await boundGraph(tape, network, EXAMPLES, method, trainedBindings);
        const node = [...preActivation.keys()].filter((own) => patchCost(bound, own)).at(-1) as number;
        const rows = sizeOf(network.nodes[node].shape) * EXAMPLES;
        const index = Int32Array.from({ length: rows }, (_, row) => Math.floor(row / EXAMPLES));
        const owner = index.map((_, row) => row % EXAMPLES);
        const view = isCropped
          ? rowsThroughPatches(bound, node, index, owner)
          : wholeRows(bound, indexedOwners(owner));
        const { centre, radius } = propagateBack(
          tape,
          bound,
          view,
          { node, index, sign: 1 },
          { centre: true },
        );
        const lower = subtract(tape, centre as Variable, radius);
        const total = sumRows(tape, multiply(tape, lower, lower), SHARED, 1);
        const tracked = [...bindings.values()].filter((own) => own.tracked);
        const gradients = tape.gradients(total, tracked);
        const values: number[] = [];
        for (const gradient of gradients) if (gradient) values.push(...(await backend.read(gradient)));
        found.push(values);
      }
      expect(found[0].length).toBeGreaterThan(50);
      expect(largestRelativeError(found[1], found[0])).toBeLessThan(1e-9);
    },
  );
});
