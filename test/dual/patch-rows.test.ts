import { describe, expect, it } from "vitest";
import type { Sight } from "../../src/compute/backend.js";
import { ownerTable } from "../../src/compute/owners.js";
import { rowsThroughPatches } from "../../src/dual/patch-rows.js";
import type { Lines, Units } from "../../src/dual/view.js";
import {
  add,
  concat,
  conv2d,
  convTranspose2d,
  flatten,
  identity,
  linear,
  maxPool,
  pad,
  relu,
} from "../../src/network/build-layer.js";
import { graph, type Network, sequential } from "../../src/network/network.js";
import { errorOfPatches } from "../support/patch-comparison.js";
import { backend, head, over } from "./patch-bench.js";
import * as dense from "./rules/dense.js";

// Rows cropped to what their neurons see, against whole ones.

describe("viewers", () => {
  it("are shared by neighbouring rows of one place and one example", () =>
    over(sequential([1, 4, 4], [conv2d(3, { kernel: 2 }), relu(), ...head]), async (own, tape) => {
      // Channels of place 0, then another example, another place, and the first again.
      const index = Int32Array.of(0, 9, 18, 0, 9, 10, 1, 0);
      const owner = Int32Array.of(0, 0, 0, 1, 1, 1, 1, 1);
      const view = rowsThroughPatches(own, 1, index, owner);
      const { owners, values, sight } = view.readAtInput(own.ballRadius);
      expect(values).toBe(own.ballRadius);
      expect([...ownerTable(owners, 8)]).toEqual([0, 0, 0, 1, 1, 2, 2, 3]);
      expect([...ownerTable((sight as Sight).examples, 4)]).toEqual([0, 1, 1, 1]);
      const { top, left, patchHeight } = (sight as Sight).window;
      expect([[...top], [...left], patchHeight]).toEqual([[0, 0, 0, 0], [0, 0, 1, 0], 2]);
      expect(tape.recording).toBe(false);
    }));

  it("have the unit vectors of their channels", () =>
    over(sequential([1, 4, 4], [conv2d(3, { kernel: 2 }), relu(), ...head]), async (own, tape) => {
      const index = Int32Array.of(0, 12, 26);
      const view = rowsThroughPatches(own, 2, index, new Int32Array(3));
      const units = view.units(tape, 2, index) as Units;
      const lines = view.lines(tape, 2, index) as Lines;
      expect([units.at, lines.at]).toEqual(["value", "value"]);
      const eye = [1, 0, 0, 0, 1, 0, 0, 0, 1];
      expect([...(await backend.read(units.nu.value))]).toEqual(eye);
      expect([...(await backend.read(lines.matrix.value))]).toEqual(eye);
      expect([...lines.index]).toEqual([0, 1, 2]);
      const fields = rowsThroughPatches(own, 1, index, new Int32Array(3));
      const field = fields.units(tape, 1, index) as Units;
      const taps = fields.lines(tape, 1, index) as Lines;
      expect([field.at, taps.at]).toEqual(["input", "input"]);
      const columns = await backend.read(field.nu.value);
      const matrix = await backend.read(taps.matrix.value);
      const wanted = dense.matrix(4, 3, (f, row) => matrix[taps.index[row] * 4 + f]);
      expect(dense.listDistance(columns, wanted.values)).toBe(0);
    }));
});

describe("rows through patches are whole rows", () => {
  const networks: Record<string, Network> = {
    "padding between convolutions": sequential(
      [2, 4, 3],
      [
        conv2d(2, { kernel: 3, padding: 1 }),
        identity(),
        conv2d(2, { kernel: 2, padding: 1 }),
        relu(),
        ...head,
      ],
    ),
    "a choice between them": sequential(
      [1, 4, 4],
      [
        conv2d(2, { kernel: 2, padding: 1 }),
        maxPool({ kernel: 2, stride: 1 }),
        conv2d(2, { kernel: 2 }),
        relu(),
        ...head,
      ],
    ),
    "branches of two sizes": graph([2, 4, 4], (x, attach) => {
      const a = attach(relu(), attach(conv2d(2, { kernel: 3, padding: 1 }), x));
      const b = attach(conv2d(2, { kernel: 3, padding: 1 }), a);
      const c = attach(relu(), attach(concat(), b, a, attach(add(), a, b, a)));
      return attach(linear(2), attach(flatten(), attach(relu(), attach(conv2d(2, { kernel: 2 }), c))));
    }),
    "padding by itself": sequential(
      [1, 4, 4],
      [
        conv2d(2, { kernel: 2 }),
        pad([0, 1, 1], [0, 0, 1], 0.5),
        conv2d(2, { kernel: 2, padding: 1 }),
        relu(),
        ...head,
      ],
    ),
    "padding above a choice": sequential(
      [1, 4, 4],
      [
        maxPool({ kernel: 2, stride: 1 }),
        pad([0, 1, 1], [0, 0, 1], 0.5),
        conv2d(2, { kernel: 2, padding: 1 }),
        relu(),
        ...head,
      ],
    ),
    "taps apart": sequential(
      [1, 5, 5],
      [conv2d(2, { kernel: 2, dilation: 2 }), relu(), conv2d(2, { kernel: 2, dilation: 2 }), relu(), ...head],
    ),
    "padding on one branch": graph([1, 4, 4], (x, attach) => {
      const a = attach(conv2d(2, { kernel: 3, padding: 1 }), x);
      const both = attach(add(), attach(conv2d(2, { kernel: 3, padding: 1 }), a), a);
      return attach(linear(2), attach(flatten(), attach(relu(), both)));
    }),
    "what makes images larger": sequential(
      [1, 4, 4],
      [conv2d(2, { kernel: 2 }), relu(), convTranspose2d(2, { kernel: 2, stride: 2 }), relu(), ...head],
    ),
    "activations read one another": sequential(
      [2, 3, 3],
      [conv2d(2, { kernel: 2 }), relu(), relu(), ...head],
    ),
  };
  it.each(Object.keys(networks))("%s", async (name) => {
    for (const method of ["parallel", "adaptive"] as const) {
      const { nodes, worst } = await errorOfPatches(backend, networks[name], method, 60);
      expect(nodes.length).toBeGreaterThan(0);
      expect(worst).toBeLessThan(1e-11);
    }
  });
});
