import { describe, expect, it } from "vitest";
import type { Variable } from "../../src/autodiff/index.js";
import { accumulated, IEEE } from "../../src/compute/arithmetic.js";
import { Rounding } from "../../src/dual/rounding.js";
import type { Evaluation } from "../../src/threat/evaluation.js";
import { documented, expectDocumented, FIRST, known, layerOf, SCALED } from "./documented-affine.js";
import { BRANCHES, CHAIN, column, expectNumbers, read, tape } from "./rounding-tape.js";

const { roundoff: u, underflow: tau } = IEEE.float32;

const of = (evaluation: Evaluation, network = CHAIN, summed = false) =>
  new Rounding("float32", network, evaluation, { summed });
const double = (evaluation: Evaluation) => new Rounding("float64", CHAIN, evaluation, { summed: false });

describe("numbers that are moved", () => {
  const MOVE = {
    weights: [
      [0, 1],
      [1, 0],
    ],
    roundings: { forward: 0, backward: 0 },
  };
  const slack = (1 + 2 ** -6) ** 2;

  it("are not rounded, where one layer reads each node", () => {
    const floors = column(1);
    const found = of("float32").affine(tape, layerOf(MOVE), [known(3, 4)], 2, floors);
    expect(found).toEqual({ error: undefined, floor: floors, chain: undefined });
  });

  it("cost the sums of ν where several layers do", async () => {
    const floors = column(1);
    const found = of("float32", BRANCHES).affine(tape, layerOf(MOVE), [known(3, 4)], 2, floors);
    const s = 4 * u * slack;
    await expectNumbers(found.error as Variable, [4 * s + 8 * tau, 3 * s + 8 * tau]);
    expect(found.floor).toBe(floors);
    const { chain } = found;
    await expectNumbers(chain?.size as Variable, [4 * s + 4 * tau, 3 * s + 4 * tau]);
    expect([chain?.own, chain?.roundings, chain?.hasSums, chain?.isNew]).toEqual([
      4 * u,
      0,
      false,
      undefined,
    ]);
    const begun = chain?.begun();
    expect(((begun?.weight ?? 0) * (await read(begun?.x as Variable))[0]) / 7).toBeCloseTo(1, 12);
  });

  it("go on in a chain with what was rounded before", async () => {
    const own = of("float32");
    const { chain } = own.affine(tape, layerOf(SCALED), [known(3, 4)], 2, undefined);
    const expected = documented(SCALED, [3, 4], "float32");
    const moved = own.affine(tape, layerOf(MOVE), [{ ...known(1, 1), chain }], 2, undefined);
    const [a, b] = expected.M.map((m) => m * expected.s);
    await expectNumbers(moved.error as Variable, [b + 4 * tau, a + 4 * tau]);
    await expectNumbers(moved.chain?.size as Variable, [b, a]);
    await expectNumbers(moved.chain?.steep as Variable, [expected.steep]);
    expect([moved.chain?.roundings, moved.chain?.own]).toEqual([chain?.roundings, chain?.own]);
    expect(moved.chain?.digits).toBe((chain?.digits ?? 0) + 2);
  });

  it("are those of sums unless nothing at all is rounded", async () => {
    for (const roundings of [
      { forward: 0, backward: 1 },
      { forward: 1, backward: 0 },
    ]) {
      const layer = { ...MOVE, roundings };
      const found = of("float32").affine(tape, layerOf(layer), [known(3, 4)], 2, undefined);
      await expectDocumented(found, documented(layer, [3, 4], "float32"));
    }
  });
});

describe("a share that is not known", () => {
  const isKnown = async (own: Rounding, forward: number, backward = 1): Promise<boolean> => {
    const layer = { ...FIRST, roundings: { forward, backward } };
    const { error } = own.affine(tape, layerOf(layer), [known(1, 1)], 3, undefined);
    return !(await read(error as Variable)).some(Number.isNaN);
  };
  const most = (further: number): number => {
    let n = 2 ** 17;
    while (accumulated(n + further, IEEE.float32) >= 2 ** -7) n--;
    return n;
  };

  it("is one of sums whose roundings may pass 1/128, the evaluation's or our own", async () => {
    // T = n + 9, in single precision alone.
    const deployed = most(9);
    expect([
      await isKnown(double("float32"), deployed),
      await isKnown(double("float32"), deployed + 1),
    ]).toEqual([...[true, false]]);
    // The sizes' own sums: 4, n + 6, twice 16 running sums and 16 folds.
    const own = most(4 + 6 + 32 + 16);
    expect([await isKnown(of("real"), own), await isKnown(of("real"), own + 1)]).toEqual([true, false]);
    expect(await isKnown(double("real"), own + 1)).toBe(true);
    // A second layer's sum may begin with a constant from below, that was one of its own first: n more.
    const isKnownBehind = async (n: number): Promise<boolean> => {
      const rounding = double("float32");
      const { chain } = rounding.affine(tape, layerOf(SCALED), [known(1, 1)], 2, undefined);
      const layer = { ...FIRST, roundings: { forward: n, backward: 1 } };
      const { error } = rounding.affine(tape, layerOf(layer), [{ ...known(1, 1), chain }], 3, undefined);
      return !(await read(error as Variable)).some(Number.isNaN);
    };
    // T = (1 + 9) + (n + 9), and F = n + 1.
    const half = Math.floor((most(0) - 20) / 2);
    expect([await isKnownBehind(half), await isKnownBehind(half + 1)]).toEqual([true, false]);
  });
});
