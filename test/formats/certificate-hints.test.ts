import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import { type HintedLayer, HintReader } from "../../src/formats/certificate/hints.js";
import { base64Of, encodeListed } from "../../src/formats/certificate/numbers.js";

/** Three inputs, 2 affine, 2 of an activation, 4 affine, 4 and (of the first affine layer again) 2 of others, 2 affine. */
const LAYERS: readonly HintedLayer[] = [
  { name: "input", inputs: [], from: 0, to: 3, curve: null },
  { name: "linear1", inputs: [0], from: 3, to: 5, curve: null },
  { name: "relu1", inputs: [1], from: 5, to: 7, curve: { steepest: 1 } },
  { name: "linear2", inputs: [2], from: 7, to: 11, curve: null },
  { name: "gelu1", inputs: [3], from: 11, to: 15, curve: { steepest: 2 } },
  { name: "tanh1", inputs: [1], from: 15, to: 17, curve: { steepest: 1 } },
  { name: "linear3", inputs: [4], from: 17, to: 19, curve: null },
];
const bytes = (...values: number[]) => base64Of(Uint8Array.from(values));
/** Both of relu1, two of gelu1; of no other. */
const NEURONS = { relu1: encodeListed([0, 1], 2), gelu1: encodeListed([1, 3], 4) };
const reader = (neurons: Record<string, string> = NEURONS) => new HintReader(LAYERS, neurons);
const UNKNOWN = Number.NaN;

describe("lists of neurons", () => {
  it("are of activations, in their sizes", () => {
    expect(() => reader()).not.toThrow();
    expect(() => reader({ linear1: "AA==" })).toThrow(
      new FormatError('hints: expected an activation of the network, found "linear1"'),
    );
    expect(() => reader({ input: "AA==" })).toThrow('found "input"');
    expect(() => reader({ none: "AA==" })).toThrow('found "none"');
    expect(() => reader({ relu1: "AAA=" })).toThrow(
      new FormatError("neurons of relu1: expected 1 bytes, found 2"),
    );
  });
});

describe("the neuron that a split decides about", () => {
  const decided = (layer: string, neuron: number) => reader().decided({ layer, neuron, at: 0 });

  it("is an input, or what an activation acts on", () => {
    expect([0, 1, 2].map((neuron) => decided("input", neuron))).toEqual([0, 1, 2]);
    expect([0, 1].map((neuron) => decided("relu1", neuron))).toEqual([3, 4]);
    expect([0, 3].map((neuron) => decided("gelu1", neuron))).toEqual([7, 10]);
    // Of a branch, the layer that it reads, not the one before it.
    expect([0, 1].map((neuron) => decided("tanh1", neuron))).toEqual([3, 4]);
  });

  it("is no neuron of another layer", () => {
    expect(() => decided("input", 3)).toThrow(
      new FormatError("split: expected a neuron of input below 3, found 3"),
    );
    expect(() => decided("relu1", 2)).toThrow("split: expected a neuron of relu1 below 2, found 2");
    expect(() => decided("gelu1", 4)).toThrow("split: expected a neuron of gelu1 below 4, found 4");
    expect(() => decided("linear2", 0)).toThrow('expected an activation of the network, found "linear2"');
  });
});

describe("slopes", () => {
  it("are of listed neurons, as bytes of the largest slope", () => {
    const slopes = reader().slopes({
      relu1: { lower: bytes(0, 51), upper: bytes(255, 102) },
      gelu1: { lower: "adaptive", upper: bytes(255, 51) },
    });
    expect(slopes[2]).toEqual({ lower: Float64Array.of(0, 0.2), upper: Float64Array.of(1, 0.4) });
    expect(slopes[4]).toEqual({
      lower: "adaptive",
      upper: Float64Array.of(UNKNOWN, 2, UNKNOWN, 0.4),
    });
    expect([slopes.length, slopes[0], slopes[1], slopes[3]]).toEqual([5, undefined, undefined, undefined]);
  });

  it("are there for the side that the file has them for", () => {
    const [, , upper, , lower] = reader().slopes({
      relu1: { upper: bytes(0, 0) },
      gelu1: { lower: bytes(0, 255) },
    });
    expect(upper).toEqual({ upper: Float64Array.of(0, 0) });
    expect("lower" in (upper ?? {})).toBe(false);
    expect(lower).toEqual({ lower: Float64Array.of(UNKNOWN, 0, UNKNOWN, 2) });
    expect("upper" in (lower ?? {})).toBe(false);
    expect(reader().slopes({ relu1: {} })[2]).toEqual({});
    expect(reader().slopes({})).toEqual([]);
  });

  it("are as many as neurons are listed", () => {
    expect(() => reader().slopes({ gelu1: { lower: bytes(1) } })).toThrow(
      new FormatError("slopes of gelu1: expected 2 bytes, found 1"),
    );
    expect(() => reader().slopes({ gelu1: { upper: bytes(1, 2, 3, 4) } })).toThrow(
      "slopes of gelu1: expected 2 bytes, found 4",
    );
    expect(() => reader().slopes({ tanh1: { lower: bytes(1, 1) } })).toThrow(
      new FormatError("hints: expected a list of neurons of tanh1, found none"),
    );
    // Those that go by bounds need no list.
    expect(reader().slopes({ tanh1: { lower: "adaptive" } })[5]).toEqual({ lower: "adaptive" });
    expect(() => reader().slopes({ linear3: { lower: "adaptive" } })).toThrow('found "linear3"');
  });
});

describe("a plan", () => {
  it("has rows where it says so, for the listed neurons", () => {
    const { slopes, rows } = reader().plan({
      relu1: { rows: true },
      gelu1: { rows: false, lower: bytes(255, 255) },
    });
    expect(rows[2]).toEqual({ features: Int32Array.of(0, 1) });
    expect("slopesOf" in (rows[2] ?? {})).toBe(false);
    expect(rows.length).toBe(3);
    expect([slopes[2], slopes[4]]).toEqual([{}, { lower: Float64Array.of(UNKNOWN, 2, UNKNOWN, 2) }]);
    expect(reader().plan({ gelu1: {} }).rows).toEqual([]);
    expect(reader().plan({})).toEqual({ slopes: [], rows: [] });
  });

  it("is of activations whose neurons are listed", () => {
    expect(() => reader().plan({ linear1: {} })).toThrow('found "linear1"');
    expect(() => reader().plan({ tanh1: { rows: true } })).toThrow(
      "hints: expected a list of neurons of tanh1, found none",
    );
    expect(() => reader().plan({ tanh1: {} })).toThrow(
      "hints: expected a list of neurons of tanh1, found none",
    );
  });

  it("has slopes for each row alone, of the activations before it in their order", () => {
    // Listed in another order than the network's.
    const listed = { tanh1: encodeListed([1], 2), gelu1: NEURONS.gelu1, relu1: NEURONS.relu1 };
    const own = new HintReader(LAYERS, listed);
    // Two rows for each of two neurons of gelu1, each of two slopes of relu1.
    const gelu = own.plan({ gelu1: { rows: true, rowSlopes: bytes(0, 51, 102, 153, 204, 255, 51, 0) } });
    const { features, slopesOf } = gelu.rows[4] ?? {};
    expect(features).toEqual(Int32Array.of(1, 3));
    const rows = [0, 1, 2, 3].map((row) => slopesOf?.(row));
    expect(rows.map((slopes) => [slopes?.length, slopes?.[0]])).toEqual(new Array(4).fill([3, undefined]));
    expect(rows.map((slopes) => slopes?.[2])).toEqual(
      [
        [0, 0.2],
        [0.4, 0.6],
        [0.8, 1],
        [0.2, 0],
      ].map((lower) => ({ lower: Float64Array.from(lower) })),
    );
    // Two rows of the one neuron of tanh1, each of relu1's two slopes and then gelu1's.
    const tanh = own.plan({ tanh1: { rows: true, rowSlopes: bytes(0, 51, 102, 153, 204, 255, 51, 0) } });
    const [first, second] = [0, 1].map((row) => tanh.rows[5]?.slopesOf?.(row));
    expect([first?.[2], first?.[4]]).toEqual([
      { lower: Float64Array.of(0, 0.2) },
      { lower: Float64Array.of(UNKNOWN, 0.8, UNKNOWN, 1.2) },
    ]);
    expect([second?.[2], second?.[4], second?.length]).toEqual([
      { lower: Float64Array.of(0.8, 1) },
      { lower: Float64Array.of(UNKNOWN, 0.4, UNKNOWN, 0) },
      5,
    ]);
  });

  it("has as many of these as there are rows and listed neurons before them", () => {
    const plan = (name: string, rowSlopes: string) => () =>
      reader().plan({ [name]: { rows: true, rowSlopes } });
    const message = (name: string, expected: number, found: number) =>
      new FormatError(`slopes of the rows of ${name}: expected ${expected} bytes, found ${found}`);
    expect(plan("gelu1", bytes(1, 2, 3, 4, 5, 6, 7))).toThrow(message("gelu1", 8, 7));
    expect(plan("gelu1", bytes(1, 2, 3, 4))).toThrow(message("gelu1", 8, 4));
    // Before the first there are none.
    expect(plan("relu1", "")).not.toThrow();
    expect(plan("relu1", bytes(1))).toThrow(message("relu1", 0, 1));
    // Where there are no rows, their slopes are not read.
    expect(reader().plan({ gelu1: { rowSlopes: bytes(1) } }).rows).toEqual([]);
  });
});
