import { describe, expect, it } from "vitest";
import { Tape, type Variable } from "../../src/autodiff/index.js";
import type { Backend } from "../../src/compute/backend.js";
import { indexedOwners } from "../../src/compute/owners.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { passesAtOnce, propagateBack } from "../../src/dual/backward.js";
import { stepsBetween } from "../../src/dual/backward-program.js";
import { rowsThroughPatches } from "../../src/dual/patch-rows.js";
import { type View, wholeRows } from "../../src/dual/view.js";
import { patchCost } from "../../src/dual/windows.js";
import { concat, linear, relu } from "../../src/network/build-layer.js";
import { graph } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import { boundGraph } from "../support/bound-graph.js";
import { LAYER_NETWORKS } from "../support/networks.js";
import { largestRelativeError } from "../support/numbers.js";

const EXAMPLES = 2;
const ROUNDING = 1e-11;

/** A portable backend that counts its calls of `backward`. */
function countingBackend(): { readonly backend: Backend; count(): number } {
  const backend = createPortableBackend();
  let calls = 0;
  const { backward } = backend;
  backend.backward = (...given) => {
    calls += 1;
    return backward.apply(backend, given);
  };
  return { backend, count: () => calls };
}

describe.each(Object.keys(LAYER_NETWORKS))("%s", (name) => {
  it.each(["parallel", "adaptive"] as const)("every view walks to the same objective: %s", async (method) => {
    const { backend, count } = countingBackend();
    using tape = new Tape(backend, { record: false });
    const { graph, preActivation } = await boundGraph(tape, LAYER_NETWORKS[name](), EXAMPLES, method);
    for (const node of preActivation.keys()) {
      const features = sizeOf(graph.network.nodes[node].shape);
      const rows = features * EXAMPLES;
      const index = Int32Array.from({ length: rows }, (_, row) => Math.floor(row / EXAMPLES));
      const owner = index.map((_, row) => row % EXAMPLES);
      const views = new Map<string, View>([["whole", wholeRows(graph, indexedOwners(owner))]]);
      if (patchCost(graph, node)) views.set("patches", rowsThroughPatches(graph, node, index, owner));
      for (const sign of [1, -1] as const) {
        const start = { node, index, sign };
        const values = new Map<string, readonly ArrayLike<number>[]>();
        for (const [seen, view] of views) {
          for (const record of [false, true]) {
            using own = new Tape(backend, { record });
            const { centre, radius } = propagateBack(own, graph, view, start, { centre: true });
            const read = async (x: Variable) => Array.from(await backend.read(x.value));
            values.set(`${seen} ${record}`, [await read(centre as Variable), await read(radius)]);
            const before = count();
            const alone = propagateBack(own, graph, view, start, { centre: false });
            expect(alone.centre).toBeUndefined();
            const single = count() > before;
            if (record) expect(single).toBe(false);
            else if (seen === "whole" && passesAtOnce(graph, node)) expect(single).toBe(true);
            if (method === "parallel") {
              const error = largestRelativeError(await read(alone.radius), await read(radius));
              expect(error, seen).toBeLessThan(ROUNDING);
            }
          }
        }
        const [[centres, radii], ...others] = [...values.values()];
        for (const [otherCentres, otherRadii] of others) {
          expect(largestRelativeError(otherCentres, centres)).toBeLessThan(ROUNDING);
          expect(largestRelativeError(otherRadii, radii)).toBeLessThan(ROUNDING);
        }
      }
    }
  });
});

it("more branches than there are slots go layer by layer", async () => {
  const wide = graph([4], (input, attach) => {
    const branches = Array.from({ length: 70 }, () => attach(relu(), attach(linear(2), input)));
    return attach(linear(3), attach(relu(), attach(linear(3), attach(concat(), ...branches))));
  });
  const backend = createPortableBackend();
  using tape = new Tape(backend, { record: false });
  const { graph: bound, preActivation } = await boundGraph(tape, wide, EXAMPLES);
  const node = [...preActivation.keys()].at(-1) as number;
  const index = Int32Array.from({ length: 3 * EXAMPLES }, (_, row) => Math.floor(row / EXAMPLES));
  const view = wholeRows(bound, indexedOwners(index.map((_, row) => row % EXAMPLES)));
  expect(stepsBetween(tape, bound, view, node, 0, { centre: false })).toBeNull();
  const { radius } = propagateBack(tape, bound, view, { node, index, sign: 1 }, { centre: false });
  expect(Array.from(await backend.read(radius.value)).every((own) => own > 0)).toBe(true);
});

it("steps lead through joins, and not through layers without them", async () => {
  using tape = new Tape(createPortableBackend(), { record: false });
  for (const [name, hasAll] of [
    ["linear", true],
    ["conv2d", true],
    ["max-pool", false],
    ["add", true],
    ["concat", true],
  ] as const) {
    const { graph } = await boundGraph(tape, LAYER_NETWORKS[name](), EXAMPLES);
    const view = wholeRows(graph, indexedOwners(Int32Array.of(0)));
    const { output } = graph.network;
    const want = { centre: false };
    expect(stepsBetween(tape, graph, view, output, 0, want) !== null, name).toBe(hasAll);
    expect(stepsBetween(tape, graph, view, output, output, want)).toEqual([]);
    // Nothing leads up.
    expect(stepsBetween(tape, graph, view, 1, output, want)).toBeNull();
  }
});
