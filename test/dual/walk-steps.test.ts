import { describe, expect, it } from "vitest";
import { Tape, type Variable } from "../../src/autodiff/index.js";
import { indexedOwners } from "../../src/compute/owners.js";
import { propagateBack, type Start } from "../../src/dual/backward.js";
import { boxLayer } from "../../src/dual/box-layer.js";
import type { DualGraph } from "../../src/dual/dual-graph.js";
import type { BoundLayer } from "../../src/dual/dual-layer.js";
import { rowsThroughPatches } from "../../src/dual/patch-rows.js";
import { wholeRows } from "../../src/dual/view.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import * as dense from "./rules/dense.js";
import { IMAGE, OWNERS, over, WANT } from "./watched-walk.js";

// How rows go back where nothing is recorded: in one operation, by as few steps as there need be, and freed at its end.

function walked(tape: Tape, own: DualGraph, start: Start, want = WANT) {
  return propagateBack(tape, own, wholeRows(own, OWNERS), start, want);
}

describe("one operation", () => {
  const unit = (node: number, sign: 1 | -1 = 1): Start => ({ node, index: Int32Array.of(0), sign });

  it("begins with lines of a matrix where the layer has some, else with rows", () =>
    over(IMAGE, ({ graph, tape, seen, norms }) => {
      for (const node of [6, 4, 1, 2, 3]) walked(tape, graph, unit(node));
      expect(seen.map(({ start }) => start)).toEqual(["lines", "lines", "rows", "rows", "rows"]);
      // What was found is what is given: layer by layer there would be norms.
      expect(norms()).toBe(0);
    }));

  it("turns rows of a centre alone: radii have no sign", () =>
    over(IMAGE, ({ graph, tape, seen }) => {
      for (const [sign, centre] of [
        [1, true],
        [-1, false],
        [-1, true],
      ] as const) {
        walked(tape, graph, unit(2, sign), { centre });
      }
      const scales = seen.map(({ steps }) => steps.filter((kind) => kind === "scale").length);
      expect(scales).toEqual([0, 0, 1]);
    }));

  it.each([1, 2, 3, 4, 6])("leaves none of the rows that it made itself: node %d", (node) =>
    over(IMAGE, ({ graph, tape, backend }) => {
      const before = backend.memory().liveBytes;
      walked(tape, graph, unit(node));
      expect(backend.memory().liveBytes - before).toBeLessThan(32);
    }),
  );

  it("frees no rows that were given", () =>
    over(IMAGE, async ({ graph, tape, backend }) => {
      const nu: Variable = dense.uploaded(tape, dense.randomMatrix(2, 1, 3));
      walked(tape, graph, { node: 6, nu });
      expect(Array.from(await backend.read(nu.value))).toEqual(
        Array.from(dense.randomMatrix(2, 1, 3).values),
      );
    }));
});

describe("rows of patches", () => {
  it.each([1, 2])("begin at what a neuron sees of its layer's input, or at its own place: node %d", (node) =>
    over(IMAGE, async ({ graph, backend, seen }) => {
      const index = Int32Array.of(4, 13, 22, 26);
      const views = [
        wholeRows(graph, indexedOwners(new Int32Array(4))),
        rowsThroughPatches(graph, node, index, new Int32Array(4)),
      ];
      for (const sign of [1, -1] as const) {
        const found: number[][] = [];
        for (const view of views) {
          for (const record of [false, true]) {
            using own = new Tape(backend, { record });
            const { centre, radius } = propagateBack(
              own,
              graph,
              view,
              { node, index, sign },
              { centre: true },
            );
            const values = [centre as Variable, radius].map(({ value }) => backend.read(value));
            found.push((await Promise.all(values)).flatMap((side) => [...side]));
          }
        }
        for (const other of found) expect(dense.listDistance(other, found[0])).toBeLessThan(1e-12);
      }
      expect(seen.map(({ start }) => start)).toEqual(["rows", "lines", "rows", "lines"]);
    }),
  );
});

describe("a layer without steps", () => {
  const without = (graph: DualGraph, at: number): DualGraph => {
    const layers = graph.layers.map((layer, node): BoundLayer | undefined => {
      const { steps: _steps, ...others } = layer ?? {};
      return node === at ? (others as BoundLayer) : layer;
    });
    return { ...graph, layers };
  };

  it.each([4, 5, 6])("is passed all the same: node %d", (node) =>
    over(IMAGE, async ({ graph, tape, backend, seen }) => {
      const start: Start = { node, index: Int32Array.of(1), sign: 1 };
      const read = async (own: DualGraph) => {
        const { centre, radius } = walked(tape, own, start, { centre: true });
        return [centre as Variable, radius].map(({ value }) => backend.read(value));
      };
      const [wanted] = await Promise.all(await read(graph));
      const [found] = await Promise.all(await read(without(graph, 5)));
      expect(dense.listDistance(found, wanted)).toBeLessThan(1e-12);
      // Rows that start below it do not meet it.
      expect(seen.length).toBe(node === 4 ? 2 : 1);
    }),
  );
});

it("layer by layer, rows at the input are freed unless they are wanted", () =>
  over(sequential([300], [linear(2), relu(), linear(2)]), ({ graph, tape, backend }) => {
    const layers = graph.layers.map((layer, node): BoundLayer | undefined => {
      const { steps: _steps, ...without } = layer ?? {};
      return node === 2 ? (without as BoundLayer) : layer;
    });
    const nu = dense.uploaded(tape, dense.randomMatrix(2, 1, 3));
    const before = backend.memory().liveBytes;
    walked(tape, { ...graph, layers }, { node: 3, nu });
    expect(backend.memory().liveBytes - before).toBeLessThan(300 * 8);
  }));

describe("rows that end at boxes", () => {
  it.each([true, false])("have nothing of the ball in them: recorded %s", (record) =>
    over(sequential([3], [linear(4), relu(), linear(2)]), async ({ graph, backend }) => {
      using tape = new Tape(backend, { record });
      const box = { centre: tape.own(backend.filled(4, 1, 3)), radius: tape.own(backend.filled(4, 1, 0.5)) };
      const layers = graph.layers.map((layer, node) => (node === 2 ? boxLayer(box) : layer));
      const nu = tape.own(backend.filled(4, 1, -2));
      const own = { ...graph, layers };
      const want = { centre: true, input: true };
      const { centre, radius, input } = propagateBack(
        tape,
        own,
        wholeRows(own, OWNERS),
        { node: 2, nu },
        want,
      );
      expect(input).toBeUndefined();
      expect([...(await backend.read((centre as Variable).value))]).toEqual([-24]);
      expect([...(await backend.read(radius.value))]).toEqual([4]);
    }),
  );
});
