import { describe, expect, it } from "vitest";
import { Deadline } from "../../../src/compute/deadline.js";
import { createPortableBackend } from "../../../src/compute/portable/index.js";
import type { Bounds } from "../../../src/dual/dual-layer.js";
import type { DualRows } from "../../../src/dual/slopes/dual-rows.js";
import { AffineLayers } from "../../../src/dual/slopes/relaxation.js";
import type { RowRecord } from "../../../src/dual/slopes/row-record.js";
import { crownBounds, tightenBounds } from "../../../src/dual/slopes/tighten.js";
import { unstableAt } from "../../../src/dual/slopes/unstable-neurons.js";
import { linear, relu, tanh } from "../../../src/network/build-layer.js";
import { type Network, sequential } from "../../../src/network/network.js";
import { subjectOf } from "../../../src/network/subject.js";
import { lively } from "../../support/networks.js";

const REGION = { lower: Float64Array.of(-0.6, 0), upper: Float64Array.of(0.7, 0.9) };
const noHurry = () => Deadline.in(3600);

function subjectFor(network: Network) {
  return subjectOf(createPortableBackend({ dtype: "float64" }), lively(network, 4));
}

describe("the rows of a node", () => {
  const subject = subjectFor(sequential([2], [linear(6), relu(), linear(5), tanh(), linear(3)]));

  it("are cut by what their variables take, two sides of a neuron together, and shown to who keeps their slopes", async () => {
    using affine = new AffineLayers(subject);
    const found = await crownBounds(subject, REGION);
    const unstable = unstableAt(subject, 3, found.bounds.get(3) as Bounds<Float64Array>);
    expect(unstable.length).toBe(5);
    // Six weights of a row, its two moments and their gradients, ν, and what moves them: 8 bytes each.
    const rowBytes = 8 * 6 * 6;
    for (const [rows, pieces] of [
      [2, [2, 2, 2, 2, 2]],
      [5, [4, 4, 2]],
      [100, [10]],
      [0.5, [2, 2, 2, 2, 2]],
    ] as const) {
      const seen: number[][] = [];
      let shown = 0;
      const of = (task: DualRows, node: number, numbers: readonly number[]) => {
        expect([node, task.rows]).toEqual([3, numbers.length]);
        seen.push([...numbers]);
        return async () => {
          shown += 1;
        };
      };
      const record = { of } as unknown as RowRecord;
      const options = { iterations: 2, deadline: noHurry(), pieceBytes: rows * rowBytes, record };
      await tightenBounds(subject, affine, REGION, found, options);
      expect(seen.map(({ length }) => length)).toEqual(pieces);
      expect(seen.flat()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(shown).toBe(2 * pieces.length);
    }
  });

  it("take twice as much where two activations lie below", async () => {
    const deep = subjectFor(
      sequential([2], [linear(6), relu(), linear(6), relu(), linear(5), tanh(), linear(3)]),
    );
    using affine = new AffineLayers(deep);
    const found = await crownBounds(deep, REGION);
    const seen: number[] = [];
    const of = (_task: DualRows, node: number, numbers: readonly number[]) => {
      if (node === 5) seen.push(numbers.length);
      return async () => {};
    };
    const record = { of } as unknown as RowRecord;
    const options = { iterations: 1, deadline: noHurry(), pieceBytes: 4 * 2 * 8 * 6 * 6, record };
    await tightenBounds(deep, affine, REGION, found, options);
    expect(seen).toEqual([4, 4, 2]);
  });

  it("that come after the time has run out are as they were", async () => {
    using affine = new AffineLayers(subject);
    const found = await crownBounds(subject, REGION);
    const wide = { lower: new Float64Array(5).fill(-99), upper: new Float64Array(5).fill(99) };
    const loose = { ...found, bounds: new Map(found.bounds).set(3, wide) };
    // Asked at each node, and before each piece: after two nodes and two pieces it is over.
    let asked = 0;
    const deadline = {
      get passed() {
        asked += 1;
        return asked > 4;
      },
      passes: async () => false,
    } as unknown as Deadline;
    const tight = (
      await tightenBounds(subject, affine, REGION, loose, { iterations: 1, deadline, pieceBytes: 1 })
    ).get(3);
    const untouched = Array.from(tight?.lower ?? [], (low, f) => low === -99 && tight?.upper[f] === 99);
    expect(untouched).toEqual([false, false, true, true, true]);
  });

  it("go by bounds of nodes below that are tight already, whatever the order in which they are given", async () => {
    const layers = [linear(6), relu(), linear(6), relu(), linear(5), tanh(), linear(3)];
    const deep = subjectFor(sequential([2], layers));
    using affine = new AffineLayers(deep);
    const found = await crownBounds(deep, REGION);
    const options = { iterations: 6, deadline: noHurry(), pieceBytes: 2 ** 20 };
    const [first, second] = await Promise.all(
      [[...found.bounds], [...found.bounds].reverse()].map((bounds) =>
        tightenBounds(deep, affine, REGION, { ...found, bounds: new Map(bounds) }, options),
      ),
    );
    for (const [node, { lower, upper }] of first) {
      expect(Array.from(second.get(node)?.lower ?? [])).toEqual(Array.from(lower));
      expect(Array.from(second.get(node)?.upper ?? [])).toEqual(Array.from(upper));
    }
  });
});
