import { describe, expect, it } from "vitest";
import type { Tape } from "../../src/autodiff/index.js";
import type { DualGraph } from "../../src/dual/dual-graph.js";
import { OWN_VIEWERS } from "../../src/dual/patch.js";
import { rowsThroughPatches } from "../../src/dual/patch-rows.js";
import { patchCost, patchStart, windowsBelow } from "../../src/dual/windows.js";
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
  reshape,
} from "../../src/network/build-layer.js";
import type { Layer } from "../../src/network/layer.js";
import { graph, sequential } from "../../src/network/network.js";
import { head, over } from "./patch-bench.js";

// What rows see of each node that they pass: where windows lie, of which size, and what of them is padding.

/** Windows as size, and first lines and columns; whether they are masked. */
function seen(own: DualGraph, node: number, places: readonly number[]) {
  const windows = windowsBelow(own, node, { ...OWN_VIEWERS, places: Int32Array.from(places) });
  return (
    windows &&
    [...windows].map(
      ([
        at,
        {
          patch: { height, width, top, left },
          masked,
        },
      ]) => ({
        ...{ at, size: [height, width], top: [...top], left: [...left], masked },
      }),
    )
  );
}

describe("windows", () => {
  const chain = sequential(
    [1, 6, 7],
    [conv2d(2, { kernel: 3, padding: 1 }), relu(), conv2d(2, { kernel: 2 }), relu(), ...head],
  );

  it("of a neuron are what its layer reads, then what that reads", () =>
    over(chain, (own) => {
      expect(patchStart(own, 3)).toBe("field");
      const view = rowsThroughPatches(own, 3, Int32Array.of(0), Int32Array.of(0));
      expect(view.steps({} as Tape, 1, { centre: false }).map(({ kind }) => kind)).toEqual(["conv2d"]);
      // Of 5 × 6 places the first, the second of line 2, and the last.
      const two = { size: [2, 2], top: [0, 2, 4], left: [0, 1, 5], masked: false };
      expect(seen(own, 3, [0, 13, 29])).toEqual([
        { at: 2, ...two },
        { at: 1, ...two },
        { at: 0, size: [4, 4], top: [-1, 1, 3], left: [-1, 0, 4], masked: false },
      ]);
    }));

  it("begin at the place itself where a layer is no sum", () =>
    over(chain, (own) => {
      expect(patchStart(own, 2)).toBe("value");
      const one = { size: [1, 1], top: [0, 1, 5], left: [3, 1, 6], masked: false };
      expect(seen(own, 2, [3, 8, 41])).toEqual([
        { at: 2, ...one },
        { at: 1, ...one },
        { at: 0, size: [3, 3], top: [-1, 0, 4], left: [2, 0, 5], masked: false },
      ]);
    }));

  it.each([
    // What convolutions send to padding is cleared before the next one; activations hold it back; the rest hands it on.
    { between: [] as Layer[], masked: [true, false] },
    { between: [relu()], masked: [false, false, false] },
    { between: [identity()], masked: [false, true, false] },
    { between: [pad([0, 1, 1], [0, 0, 0])], masked: [true, true, false] },
    { between: [maxPool({ kernel: 1 })], masked: [false, false, false] },
  ])("are cleared on padding before what sums over them: $masked", ({ between, masked }) => {
    const layers = [conv2d(2, { kernel: 2 }), ...between, conv2d(2, { kernel: 2, padding: 1 }), relu()];
    return over(sequential([1, 4, 4], [...layers, ...head]), (own) => {
      expect(seen(own, 2 + between.length, [0])?.map((window) => window.masked)).toEqual(masked);
    });
  });

  it.each([
    ["the input", 0, sequential([1, 4, 4], [conv2d(2, { kernel: 2 }), relu()])],
    [
      "a linear layer",
      4,
      sequential([1, 4, 4], [conv2d(2, { kernel: 2 }), relu(), flatten(), linear(4), relu()]),
    ],
    ["what is no image", 3, sequential([1, 4, 4], [conv2d(2, { kernel: 2 }), relu(), flatten(), relu()])],
    ["what is flat", 1, sequential([4], [identity(), linear(3), relu()])],
    [
      "what was flat",
      4,
      sequential([16], [linear(16), reshape([1, 4, 4]), conv2d(2, { kernel: 2 }), relu()]),
    ],
    [
      "what was flat on the way",
      4,
      sequential([1, 4, 4], [flatten(), linear(16), reshape([1, 4, 4]), conv2d(2, { kernel: 2 }), relu()]),
    ],
  ] as const)("there are none of %s", (_name, node, network) =>
    over(network, (own) => {
      expect(seen(own, node, [0])).toBeNull();
      expect(patchCost(own, node)).toBeNull();
      expect(() => rowsThroughPatches(own, node, Int32Array.of(0), Int32Array.of(0))).toThrow(
        `rows from node ${node} have no patches`,
      );
    }),
  );
});

const joined = graph([1, 6, 6], (x, attach) => {
  const a = attach(relu(), attach(conv2d(2, { kernel: 3, padding: 1 }), x));
  const b = attach(conv2d(2, { kernel: 3, padding: 1 }), a);
  return attach(linear(2), attach(flatten(), attach(relu(), attach(add(), b, a))));
});

it("where branches meet a window has those of both, and each its place in it", () =>
  over(joined, (own) => {
    const places = Int32Array.of(7);
    const windows = windowsBelow(own, 4, { ...OWN_VIEWERS, places });
    expect([...(windows ?? [])].map(([at, { patch }]) => [at, patch.height, patch.top[0]])).toEqual([
      [4, 1, 1],
      [3, 1, 1],
      [2, 3, 0],
      [1, 3, 0],
      [0, 5, -1],
    ]);
    expect([...(windows ?? [])].map(([, { masked }]) => masked)).toEqual([false, false, false, false, false]);
    expect(patchCost(own, 4)).toMatchObject({ isOneOperation: true, features: 40 });
    const none = -1;
    const middle = (channel: number) => [none, none, none, none, channel, none, none, none, none];
    expect(windows?.get(4)?.places).toEqual([null, Int32Array.from([0, 1].flatMap(middle))]);
    expect(windows?.get(3)?.places).toEqual([null]);
    expect(windows?.get(0)).toMatchObject({ layer: undefined, places: [] });
    const view = rowsThroughPatches(own, 4, places, Int32Array.of(0));
    expect(view.parts(4)).toEqual([null, Int32Array.from([0, 1].flatMap(middle))]);
    expect([4, 3, 2].map((at) => view.hasSteps(at))).toEqual([true, true, true]);
    expect(patchStart(own, 0)).toBe("value");
    expect(() => view.hasSteps(5)).toThrow("rows from node 4 do not see node 5");
    expect(() => view.hasSteps(0)).toThrow("node 0 has no layer");
  }));

describe("rows cost", () => {
  const layers = [conv2d(2, { kernel: 3 }), relu(), conv2d(3, { kernel: 2 }), relu(), ...head];

  it("what their windows do, and hold places where one operation takes them", () =>
    over(sequential([1, 6, 6], layers), (own) => {
      // A slope and a radius at 2 × 2 places of two channels; 9 taps at these; the places of three nodes.
      expect(patchCost(own, 3)).toEqual({ multiplyAdds: 16 + 72, features: 24, isOneOperation: true });
    }));

  it("else ν, and three coefficients beside it at activations", () =>
    over(
      sequential(
        [1, 6, 6],
        [conv2d(2, { kernel: 3 }), maxPool({ kernel: 2, stride: 1 }), ...layers.slice(2)],
      ),
      (own) => {
        const cost = patchCost(own, 3);
        expect(rowsThroughPatches(own, 3, Int32Array.of(0), Int32Array.of(0)).hasSteps(2)).toBe(false);
        // 2 × 2 places of two channels, enclosed; 3 × 3 of two channels; 5 × 5 of the input, whose ball is read.
        expect(cost).toMatchObject({ features: 3 * 8 + 18 + 3 * 25, isOneOperation: false });
      },
    ));

  it.each([
    [7, 7],
    [7, 5],
    [5, 7],
    [7, 1],
    [1, 7],
  ])("nothing is offered where windows lie alike for some neurons alone: %d × %d", async (height, width) => {
    const enlarging = (kernel: [number, number], stride: [number, number]) =>
      graph([2, height, width], (x, attach) => {
        const wide = attach(relu(), attach(conv2d(2, { kernel: 3, padding: 1 }), x));
        const padding = [(kernel[0] - 1) / 2, (kernel[1] - 1) / 2] as const;
        const sides = [padding[0], padding[1], padding[0], padding[1]] as const;
        const half = attach(relu(), attach(conv2d(3, { kernel, stride, padding: sides }), wide));
        const again = attach(convTranspose2d(2, { kernel, stride, padding: sides }), half);
        return attach(relu(), attach(conv2d(2, { kernel: 1 }), attach(concat(), wide, again)));
      });
    const moved = [height > 1 ? 2 : 1, width > 1 ? 2 : 1] as const;
    for (const [down, right] of [moved, [2, 1], [1, 2]] as const)
      await over(enlarging([down === 1 ? 1 : 3, right === 1 ? 1 : 3], [down, right]), (own) => {
        const [half, last] = [3, 7];
        expect(patchCost(own, half)).not.toBeNull();
        // Of one line, or one column, all lie alike.
        const isAlike = (height === 1 && right === 1) || (width === 1 && down === 1);
        expect(patchCost(own, last) !== null).toBe(isAlike);
      });
  });
});
