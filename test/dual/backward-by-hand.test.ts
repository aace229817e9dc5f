import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autodiff/index.js";
import { indexedOwners } from "../../src/compute/owners.js";
import { passesAtOnce, propagateBack, type Start } from "../../src/dual/backward.js";
import type { BoundLayer } from "../../src/dual/dual-layer.js";
import { wholeRows } from "../../src/dual/view.js";
import { conv2d, flatten, linear, maxPool, relu, tanh } from "../../src/network/build-layer.js";
import { type Network, sequential } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import { boundGraph } from "../support/bound-graph.js";
import { Bench } from "../support/bounds.js";
import { lively } from "../support/networks.js";
import * as dense from "./rules/dense.js";
import {
  byHand,
  EXAMPLES,
  type Extras,
  graphOf,
  INDEX,
  type Method,
  NETWORKS,
  ORDERS,
  OWNER,
  ROWS,
} from "./walk-by-hand.js";

const TINY = 1e-12;

/** Every way to begin: given rows, or unit vectors of a layer with lines, one without, an activation and a join. */
function startsOf(
  network: Network,
  few: boolean,
): readonly { readonly node: number; readonly sign?: 1 | -1 }[] {
  if (few) return [{ node: network.output }, { node: 3, sign: -1 }];
  const units = network.nodes.flatMap((_, node) =>
    node === 0
      ? []
      : [
          { node, sign: 1 as const },
          { node, sign: -1 as const },
        ],
  );
  return [{ node: network.output }, { node: 3 }, ...units];
}

describe.each(Object.entries(NETWORKS))("rows on their way back through %s", (_, network) => {
  const bench = new Bench(lively(network, 6));
  const cases = (["parallel", "adaptive"] as const).flatMap((method) =>
    ORDERS.map((order): [Method, Extras] => [method, { order }]),
  );
  const rounded: [Method, Extras][] = [
    ["parallel", { order: 2, inputError: 0.3, ofCentre: 0.7 }],
    ["adaptive", { order: 2, inputError: 0.3, ofCentre: 0.7 }],
    ["parallel", { order: 2, ofCentre: 0.2 }],
    ["parallel", { order: 2, inputError: 0.2 }],
  ];

  it.each([...cases, ...rounded])("gather what equation 8 says: %s, %o", async (method, extras) => {
    for (const { node, sign } of startsOf(network, extras.order !== 1)) {
      const features = sizeOf(network.nodes[node].shape);
      const nu =
        sign === undefined
          ? dense.randomMatrix(features, ROWS, 60)
          : dense.matrix(features, ROWS, (f, row) => (f === INDEX[row] ? sign : 0));
      const expected = await byHand(bench, method, node, nu, extras);
      for (const record of [false, true]) {
        for (const want of [{ centre: true }, { centre: false }, { centre: true, input: true }]) {
          // Two lines have no radius by themselves: their centre is always wanted.
          if (method === "adaptive" && !want.centre) continue;
          using tape = new Tape(bench.backend, { record });
          const own = graphOf(tape, bench, method, extras);
          const given = sign === undefined ? dense.uploaded(tape, nu) : undefined;
          const start: Start = given ? { node, nu: given } : { node, index: INDEX, sign: sign as 1 | -1 };
          const found = propagateBack(tape, own, wholeRows(own, indexedOwners(OWNER)), start, want);
          const name = `node ${node}, sign ${sign}, record ${record}, ${JSON.stringify(want)}`;
          expect(found.centre !== undefined, name).toBe(want.centre);
          if (found.centre)
            expect(dense.listDistance(await bench.values(found.centre), expected.centre), name).toBeLessThan(
              TINY,
            );
          const sums = expected.radius.map((sum, row) => sum + (want.centre ? expected.inMiddle[row] : 0));
          const radius = extras.ofCentre === undefined ? sums : sums.map((sum) => 2 * sum + 0.5);
          expect(dense.listDistance(await bench.values(found.radius), radius), name).toBeLessThan(TINY);
          expect(found.input !== undefined, name).toBe(want.input === true);
          if (found.input)
            expect(
              dense.listDistance(await bench.values(found.input), expected.input.values),
              name,
            ).toBeLessThan(TINY);
          // Rows that were given are still the caller's.
          if (given) expect(dense.listDistance(await bench.values(given), nu.values), name).toBe(0);
        }
      }
    }
  });
});

it("rows on their way are freed where nobody waits for them", async () => {
  const wide = sequential([3], [linear(200), relu(), linear(200), tanh(), linear(200), relu(), linear(3)]);
  const bench = new Bench(lively(wide, 1));
  using tape = new Tape(bench.backend, { record: false });
  const own = graphOf(tape, bench, "parallel", { order: 1 });
  const before = bench.backend.memory().liveBytes;
  const nu = dense.uploaded(tape, dense.randomMatrix(3, ROWS, 1));
  const view = wholeRows(own, indexedOwners(OWNER));
  for (const want of [
    { centre: true, input: true },
    { centre: true, input: false },
  ]) {
    propagateBack(tape, own, view, { node: wide.output, nu }, want);
    expect(bench.backend.memory().liveBytes - before).toBeLessThan(200 * ROWS * 8);
  }
  // Layer by layer as well, where a layer has no steps.
  const first = own.layers[1] as BoundLayer;
  const { steps: _steps, ...without } = first;
  const layers = own.layers.map((layer, node) => (node === 1 ? (without as BoundLayer) : layer));
  const other = { ...own, layers };
  propagateBack(
    tape,
    other,
    wholeRows(other, indexedOwners(OWNER)),
    { node: wide.output, nu },
    { centre: false },
  );
  expect(bench.backend.memory().liveBytes - before).toBeLessThan(200 * ROWS * 8);
});

it("a node's rows are one operation where its layer has lines, and all below steps", async () => {
  const image = sequential(
    [1, 4, 4],
    [conv2d(2, { kernel: 2 }), relu(), flatten(), linear(6), relu(), linear(4), relu(), linear(2)],
  );
  const pooled = sequential([1, 4, 4], [maxPool({ kernel: 2 }), flatten(), linear(6), relu(), linear(2)]);
  for (const [network, expected] of [
    [image, [4, 6, 8]],
    [pooled, []],
  ] as const) {
    const bench = new Bench(lively(network, 1));
    using tape = new Tape(bench.backend, { record: false });
    const { graph: own } = await boundGraph(tape, network, EXAMPLES);
    const nodes = network.nodes.flatMap((_, node) => (node > 0 && passesAtOnce(own, node) ? [node] : []));
    expect(nodes).toEqual(expected);
  }
});
