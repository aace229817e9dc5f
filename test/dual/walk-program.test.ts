import { describe, expect, it } from "vitest";
import type { Tape, Variable } from "../../src/autodiff/index.js";
import type { BackwardStep } from "../../src/compute/backend.js";
import { BACKWARD_SLOTS } from "../../src/compute/backward.js";
import { passesAtOnce } from "../../src/dual/backward.js";
import { canWalkAtOnce, stepsBetween } from "../../src/dual/backward-program.js";
import type { DualGraph } from "../../src/dual/dual-graph.js";
import type { FeaturePart } from "../../src/dual/dual-layer.js";
import { hasSteps, type View, wholeRows } from "../../src/dual/view.js";
import { add, concat, linear, relu } from "../../src/network/build-layer.js";
import { graph } from "../../src/network/network.js";
import { IMAGE, OWNERS, over, WANT } from "./watched-walk.js";

// Which steps lead from node to node.

describe("steps between nodes", () => {
  it("keep the rows of the last input at hand, and add where branches meet", () =>
    over(
      graph([3], (x, attach) => attach(linear(3), attach(concat(), attach(relu(), attach(linear(4), x)), x))),
      ({ graph, tape }) => {
        const steps = stepsBetween(tape, graph, wholeRows(graph, OWNERS), 4, 0, WANT);
        // To the input its part is copied, to be added at the end.
        const kinds = ["linear", "copy", "gather", "enclose", "linear", "add"];
        expect(steps?.map(({ kind }) => kind)).toEqual(kinds);
      },
    ));

  it("pass what rows reach and nothing beside", () =>
    over(
      graph([3], (x, attach) => {
        const [a, b] = [0, 1].map(() => attach(relu(), attach(linear(3), x)));
        return attach(linear(3), attach(add(), a, b));
      }),
      ({ graph, tape }) => {
        const kinds = stepsBetween(tape, graph, wholeRows(graph, OWNERS), 4, 0, WANT)?.map(
          ({ kind }) => kind,
        );
        expect(kinds).toEqual(["enclose", "linear"]);
      },
    ));

  it("are none to a node that rows go past", () =>
    over(
      graph([3], (x, attach) => {
        const a = attach(relu(), attach(linear(3), x));
        return attach(linear(3), attach(add(), attach(relu(), a), a));
      }),
      ({ graph, tape }) => {
        // The sum reads what lies before that node as well.
        expect(stepsBetween(tape, graph, wholeRows(graph, OWNERS), 5, 3, WANT)).toBeNull();
        expect(stepsBetween(tape, graph, wholeRows(graph, OWNERS), 5, 2, WANT)).not.toBeNull();
        expect(canWalkAtOnce(graph, () => true, 5, 3)).toBe(false);
        // Nor up, nor through a layer without steps.
        expect(canWalkAtOnce(graph, () => true, 1, 3)).toBe(false);
        expect(canWalkAtOnce(graph, (node) => node !== 2, 5)).toBe(false);
      },
    ));

  it("put each input's part where it belongs, of which what waits may have the larger one", () => {
    const thrice = graph([2], (x, attach) => attach(add(), x, x, x));
    const [a, b] = [Int32Array.of(0, -1), Int32Array.of(-1, 1)];
    const kept = (parts: readonly FeaturePart[]) =>
      stepsBetween(
        {} as Tape,
        { network: thrice } as DualGraph,
        { hasSteps: () => true, steps: () => [], parts: () => parts } as unknown as View,
        1,
        0,
        WANT,
      );
    const around = (added: BackwardStep): BackwardStep[] => [
      { kind: "store", slot: 2 },
      { kind: "load", slot: 0 },
      added,
      { kind: "store", slot: 0 },
      { kind: "load", slot: 2 },
    ];
    expect(kept([a, null, null])).toEqual([
      { kind: "copy", slot: 0, index: a },
      { kind: "copy", slot: 1 },
      ...around({ kind: "add", slot: 1 }),
      { kind: "add", slot: 0 },
    ]);
    expect(kept([null, a, b])).toEqual([
      { kind: "copy", slot: 0 },
      { kind: "copy", slot: 1, index: a },
      ...around({ kind: "add", slot: 1 }),
      { kind: "store", slot: 1 },
      { kind: "load", slot: 0 },
      { kind: "add", slot: 1, index: b },
    ]);
  });

  it.each([
    { branches: BACKWARD_SLOTS - 1, walks: true },
    { branches: BACKWARD_SLOTS, walks: false },
  ])(
    "are as many as there are slots, and one to spare: $branches branches, $walks",
    ({ branches, walks }) => {
      const wide = graph([1], (x, attach) => {
        const each = Array.from({ length: branches - 1 }, () => attach(linear(1), x));
        const last = attach(linear(1), x);
        return attach(concat(), ...each, attach(add(), last, last));
      });
      const own = { network: wide } as DualGraph;
      expect(canWalkAtOnce(own, () => true, wide.output)).toBe(walks);
    },
  );
});

describe("whole rows", () => {
  it("are lines of a linear layer's matrix, columns of a convolution's, and elsewhere made", () =>
    over(IMAGE, async ({ graph, tape, backend }) => {
      const view = wholeRows(graph, OWNERS);
      const index = Int32Array.of(1, 0);
      expect(hasSteps(graph, 0)).toBe(false);
      expect(passesAtOnce(graph, 0)).toBe(false);
      for (const node of [0, 2, 3, 5]) expect(view.units(tape, node, index), `${node}`).toBeUndefined();
      for (const node of [1, 2, 3, 5]) expect(view.lines(tape, node, index), `${node}`).toBeUndefined();
      const lines = view.lines(tape, 6, index);
      expect(lines).toMatchObject({ at: "input", index });
      const units = view.units(tape, 6, index);
      expect(units?.at).toBe("input");
      const matrix = await backend.read((lines as { matrix: Variable }).matrix.value);
      const columns = await backend.read((units as { nu: Variable }).nu.value);
      expect(Array.from(columns)).toEqual(
        Array.from({ length: 80 }, (_, i) => matrix[(1 - (i % 2)) * 40 + Math.floor(i / 2)]),
      );
      expect(view.units(tape, 1, index)?.at).toBe("input");
    }));

  it("hand all of them on, but where inputs lie side by side", () =>
    over(
      graph([2], (x, attach) => attach(concat(), attach(add(), x, x), attach(relu(), x))),
      ({ graph }) => {
        const view = wholeRows(graph, OWNERS);
        expect(view.parts(2)).toEqual([null]);
        expect(view.parts(1)).toEqual([null, null]);
        expect(view.parts(3)).toEqual([Int32Array.of(0, 1), Int32Array.of(2, 3)]);
      },
    ));
});
