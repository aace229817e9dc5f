import { describe, expect, it } from "vitest";
import { add, slice, Tape, type Variable } from "../../src/autodiff/index.js";
import { Budget } from "../../src/compute/budget.js";
import { type Owners, ownerTable } from "../../src/compute/owners.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { boundInPieces } from "../../src/dual/bound-in-pieces.js";
import { boundLayer, type DualGraph } from "../../src/dual/dual-graph.js";
import { betweenPieces, type PieceLimits, type PieceRows, rowsAtOnce } from "../../src/dual/pieces.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";

const MIB = 2 ** 20;

function rows(
  way: Partial<PieceRows>,
  limits: PieceLimits = {},
  record = false,
  multiplyAddsAtOnce = 2 ** 50,
) {
  const backend = { ...createPortableBackend({ dtype: "float64" }), multiplyAddsAtOnce };
  using tape = new Tape(backend, { record });
  return rowsAtOnce(tape, { features: 1, multiplyAdds: 1, ...way }, limits);
}

describe("a piece has rows", () => {
  it("of 4 MiB of ν, of 64 where one operation takes it or gradients are recorded", () => {
    // An odd number of cache lines.
    expect(rows({ features: 2 ** 13 })).toBe(48);
    expect(rows({ features: 2 ** 13, isOneOperation: true })).toBe(16 * 63);
    expect(rows({ features: 2 ** 13 }, {}, true)).toBe(16 * 63);
    expect(rows({ features: 2 ** 13, isOneOperation: true }, {}, true)).toBe(16 * 63);
  });

  it("of as many bytes as is said", () => {
    for (const record of [false, true])
      for (const isOneOperation of [false, true])
        expect(rows({ features: 2, isOneOperation }, { pieceBytes: 16 * 16 * 9 }, record)).toBe(16 * 9);
  });

  it("that fill an odd number of cache lines, or few, or one at least", () => {
    const of = (most: number) => rows({}, { pieceBytes: 8 * most });
    expect([16 * 5, 16 * 5 + 15, 16 * 6, 16 * 7].map(of)).toEqual([80, 80, 80, 112]);
    expect([16 * 3, 16 * 4].map(of)).toEqual([48, 48]);
    // Two lines, and something beside them, go together.
    expect([0, 15, 16, 31, 32, 47].map(of)).toEqual([16, 16, 16, 31, 32, 47]);
  });

  it("of a sixteenth of what is left, of a half in one operation, but one at least", () => {
    const of = (bytes: number, isOneOperation = false) =>
      rows({ features: 4, isOneOperation }, { budget: new Budget(bytes) });
    expect(of(16 * 32 * 5)).toBe(5);
    expect(of(2 * 32 * 5, true)).toBe(5);
    expect([of(0), of(0, true)]).toEqual([1, 1]);
    expect(of(16 * MIB)).toBe(16 * (2 ** 11 - 1));
  });

  it("of so many multiply-adds, but one at least", () => {
    expect(rows({ multiplyAdds: 10 }, {}, false, 79)).toBe(7);
    expect(rows({ multiplyAdds: 80 }, {}, false, 79)).toBe(1);
    expect(rows({ multiplyAdds: 0 }, {}, false, 79)).toBe(79);
    expect(rows({ multiplyAdds: 1, keepsNothing: true }, { budget: new Budget(0) }, false, 79)).toBe(79);
    // Recorded, the time does not count, nor does what is left: gradients are sums over pieces.
    const way = { multiplyAdds: 80, keepsNothing: true };
    expect(rows(way, { pieceBytes: 8 * 80, budget: new Budget(0) }, true, 79)).toBe(80);
  });
});

it.each([true, false])("between pieces a backend is waited for unless it records: %s", async (record) => {
  let waited = 0;
  const backend = createPortableBackend();
  const { finish } = backend;
  backend.finish = () => {
    waited += 1;
    return finish.call(backend);
  };
  using tape = new Tape(backend, { record });
  await betweenPieces(tape, undefined);
  expect(waited).toBe(record ? 0 : 1);
  const reason = new Error("enough");
  await expect(betweenPieces(tape, AbortSignal.abort(reason))).rejects.toBe(reason);
});

describe("rows in pieces", () => {
  const network = sequential([2], [linear(4), relu(), linear(3)]);
  /** Of one row: 8 + 8 + 12. */
  const MULTIPLY_ADDS = 28;

  /** Bounds 10 r + its owner of row r, by pieces of at most so many multiply-adds. */
  async function bounded(count: number, multiplyAddsAtOnce: number, limits: PieceLimits = {}) {
    const backend = { ...createPortableBackend({ dtype: "float64" }), multiplyAddsAtOnce };
    using tape = new Tape(backend, { record: false });
    const pieces: [number, number][] = [];
    const piece = (begin: number, end: number) => {
      pieces.push([begin, end]);
      const c = new Float64Array(3 * (end - begin));
      for (let row = begin; row < end; row++) c[row - begin] = 10 * row;
      return { c, owner: Int32Array.from({ length: end - begin }, (_, i) => (begin + i) % 3) };
    };
    const bound = (own: Tape, c: Variable, owners: Owners): Variable => {
      expect(c.value.features).toBe(3);
      const owner = ownerTable(owners, c.value.rows);
      expect(own.recording).toBe(false);
      const values = own.own(own.backend.upload(1, owner.length, Float64Array.from(owner)));
      return add(own, values, slice(own, c, 0, 1));
    };
    const before = backend.memory().liveBytes;
    const { value } = await boundInPieces(tape, network, limits, count, piece, bound);
    const found = { size: [value.features, value.rows], values: [...(await backend.read(value))] };
    return { ...found, pieces, live: backend.memory().liveBytes - before };
  }

  it.each([1, 2, 3, 7, 100])("are each bounded once, in order: at most %d", async (atOnce) => {
    const { size, values, pieces } = await bounded(7, MULTIPLY_ADDS * atOnce);
    expect(size).toEqual([7, 1]);
    expect(values).toEqual([0, 1, 2, 0, 1, 2, 0].map((owner, row) => 10 * row + owner));
    const begins = Array.from({ length: Math.ceil(7 / atOnce) }, (_, i) => i * atOnce);
    expect(pieces).toEqual(begins.map((begin) => [begin, Math.min(7, begin + atOnce)]));
  });

  it("count what the widest node holds", async () => {
    const { pieces } = await bounded(90, 2 ** 50, { pieceBytes: 8 * 4 * 47 });
    expect(pieces).toEqual([
      [0, 47],
      [47, 90],
    ]);
  });

  it("throw the signal's reason before anything is bounded", async () => {
    const reason = new Error("enough");
    await expect(bounded(3, 1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

it("a layer that is not bound is asked for in vain", () => {
  const own = { layers: [undefined, { kind: "affine" }] } as unknown as DualGraph;
  expect(boundLayer(own, 1)).toBe(own.layers[1]);
  expect(() => boundLayer(own, 0)).toThrow("node 0 has no dual layer yet");
});
