import { describe, expect, it } from "vitest";
import type { Variable } from "../../src/autodiff/index.js";
import type { AffineChain } from "../../src/dual/affine-chain.js";
import { Rounding } from "../../src/dual/rounding.js";
import { EVALUATIONS, type Evaluation } from "../../src/threat/evaluation.js";
import {
  type Documented,
  documented,
  expectDocumented,
  FIRST,
  known,
  layerOf,
  type PlainLayer,
  SCALED,
} from "./documented-affine.js";
import { BRANCHES, CHAIN, column, expectNumbers, matrix, read, tape } from "./rounding-tape.js";

const of = (evaluation: Evaluation, network = CHAIN, summed = false) =>
  new Rounding("float32", network, evaluation, { summed });

const SECOND: PlainLayer = {
  weights: [
    [2, 0, -0.5],
    [0, 1, 0.125],
  ],
  bias: [0, -7],
  roundings: { forward: 3, backward: 2 },
};
/** Where products are nothing, what underflows is all there is. */
const NOTHING: PlainLayer = {
  ...FIRST,
  weights: FIRST.weights.map((row) => row.map(() => 0)),
  bias: [0, 0, 0],
};
const SIZES = [
  [3, 0.25],
  [0, 0],
  [2 ** 40, 2 ** 30],
];

describe.each(EVALUATIONS)("what an affine layer adds in %s", (evaluation) => {
  it.each<[string, PlainLayer]>([
    ["sums", FIRST],
    ["sums without a constant", { ...FIRST, bias: undefined } as unknown as PlainLayer],
    ["sums of nothing", NOTHING],
    ["coefficients that are computed", SCALED],
    ["a layer of which nothing is known", { weights: FIRST.weights, bias: FIRST.bias } as PlainLayer],
  ])("is as documented, of values of any size: %s", async (_, layer) => {
    for (const sizes of SIZES) {
      for (const [network, readers, terms] of [
        [CHAIN, 1, 16],
        [BRANCHES, 2, 18],
      ] as const) {
        const own = of(evaluation, network);
        const floors = column(2 ** -130);
        const alone = own.affine(tape, layerOf(layer), [known(...sizes)], layer.weights.length, undefined);
        await expectDocumented(alone, documented(layer, sizes, evaluation, { readers, terms }));
        const further = own.affine(tape, layerOf(layer), [known(...sizes)], layer.weights.length, floors);
        const options = { readers, terms, floors: 2 ** -130 };
        await expectDocumented(further, documented(layer, sizes, evaluation, options));
      }
    }
  });

  it("goes on along a chain, in which roundings add up and constants may be folded", async () => {
    for (const sizes of SIZES) {
      for (const first of [FIRST, NOTHING]) {
        const own = of(evaluation);
        let input: { centre: Variable; radius: Variable; chain?: AffineChain | undefined } = known(...sizes);
        let before: readonly number[] | Documented = sizes;
        let floors: Variable | undefined;
        // The scale's coefficients may be folded into what comes after it.
        for (const layer of [first, SECOND, SCALED, SCALED, FIRST]) {
          const found = own.affine(tape, layerOf(layer), [input], layer.weights.length, floors);
          const options = "floor" in before ? { floors: before.floor } : {};
          const next: Documented = documented(layer, before, evaluation, options);
          await expectDocumented(found, next);
          const values = known(...layer.weights.map(() => 1));
          input = { ...values, chain: found.chain };
          floors = found.floor;
          before = next;
        }
      }
    }
  });

  it("is what underflows alone, where nothing else is there: of steps between, and of scales that are folded", async () => {
    const scaled = {
      ...SCALED,
      weights: [
        [0, 0],
        [0, 0],
      ],
      bias: [0, 0],
    };
    // Whose terms are counted, so that all else is raised by as much as they are less.
    const counted = { ...scaled, roundings: { forward: 600, backward: 2 }, counted: true };
    const { between: _, ...plain } = counted;
    for (const sizes of SIZES) {
      for (const layers of [[counted], [plain], [scaled, scaled, plain, counted]]) {
        const own = of(evaluation);
        let input: { centre: Variable; radius: Variable; chain?: AffineChain | undefined } = known(...sizes);
        let before: readonly number[] | Documented = sizes;
        let floors: Variable | undefined;
        for (const layer of layers) {
          const found = own.affine(tape, layerOf(layer), [input], 2, floors);
          const options = "floor" in before ? { floors: before.floor } : {};
          before = documented(layer, before, evaluation, options);
          await expectDocumented(found, before);
          input = { ...known(1, 1), chain: found.chain };
          floors = found.floor;
        }
      }
    }
  });

  it("counts constants that are summed on the way back", async () => {
    const own = of(evaluation, CHAIN, true);
    const found = own.affine(tape, layerOf(FIRST), [known(3, 0.25)], 3, undefined);
    await expectDocumented(found, documented(FIRST, [3, 0.25], evaluation, { summed: true }));
    const none = { ...FIRST, bias: undefined } as unknown as PlainLayer;
    const without = own.affine(tape, layerOf(none), [known(3, 0.25)], 3, undefined);
    await expectDocumented(without, documented(none, [3, 0.25], evaluation, { summed: true }));
  });

  it("takes the magnitudes that cancel in a constant, where they are known", async () => {
    const layer = { ...layerOf(FIRST), offsetMagnitude: column(5, 6, 7) };
    const found = of(evaluation).affine(tape, layer, [known(3, 0.25)], 3, undefined);
    await expectDocumented(found, documented({ ...FIRST, bias: [5, 6, 7] }, [3, 0.25], evaluation));
  });
});

describe("a long sum", () => {
  const weights = [Array.from({ length: 600 }, (_, j) => (j < 200 ? 1 : 0)), Array<number>(600).fill(0.5)];
  const long = (length: number): PlainLayer => ({
    weights: weights.map((row) => row.slice(0, length)),
    bias: [1, 0],
    roundings: { forward: length, backward: 2 },
    counted: true,
  });
  const sizes = Array.from({ length: 600 }, (_, j) => (j % 2 === 0 ? 0 : 3));

  it("is charged for the terms that may differ from 0, from 512 on", async () => {
    for (const evaluation of EVALUATIONS) {
      for (const summed of [false, true]) {
        const own = of(evaluation, CHAIN, summed);
        const found = own.affine(tape, layerOf(long(600)), [known(...sizes)], 2, undefined);
        await expectDocumented(found, documented(long(600), sizes, evaluation, { summed }));
        const dense = { ...long(600), counted: false };
        const all = await read(
          own.affine(tape, layerOf(dense), [known(...sizes)], 2, undefined).error as Variable,
        );
        const some = await read(found.error as Variable);
        // 100 and 300 of 600.
        for (const i of [0, 1]) expect(some[i]).toBeLessThan(0.9 * all[i]);
        await expectNumbers(
          own.affine(tape, layerOf(dense), [known(...sizes)], 2, undefined).error as Variable,
          documented(dense, sizes, evaluation, { summed }).error,
        );
      }
    }
    for (const [length, isCounted] of [
      [511, false],
      [512, true],
    ] as const) {
      const own = sizes.slice(0, length);
      const found = of("float32").affine(tape, layerOf(long(length)), [known(...own)], 2, undefined);
      const expected = documented({ ...long(length), counted: isCounted }, own, "float32");
      await expectNumbers(found.error as Variable, expected.error);
    }
  });

  it("knows what is 0 after numbers were moved, and of sums nothing", async () => {
    const own = of("float32", BRANCHES);
    const isOff = (x: Variable) => read(x).then((all) => all.map((value) => value === 0));
    const flat = {
      ...layerOf({
        weights: [
          [0, 1],
          [1, 0],
        ],
        roundings: { forward: 0, backward: 0 },
      }),
    };
    const moved = own.affine(tape, flat, [known(0, 3)], 2, undefined).chain;
    expect(await isOff(moved?.alive?.() as Variable)).toEqual([false, true]);
    const summed = own.affine(tape, layerOf(FIRST), [known(0, 3)], 3, undefined).chain;
    expect(summed?.alive).toBeUndefined();
    // A long sum behind them is charged for what may differ from 0, or for all of it.
    const wide = (chain: AffineChain | undefined, count: number) => {
      const layer = layerOf({
        weights: [[1, 1, 1].slice(0, count)],
        roundings: { forward: 600, backward: 1 },
        counted: true,
      });
      const input = { ...known(...Array<number>(count).fill(1)), chain };
      const found = own.affine(tape, layer, [input], 1, undefined);
      return Promise.all([read(found.error as Variable), read(found.chain?.size as Variable)]);
    };
    const ratio = async (chain: AffineChain | undefined, count: number) => {
      const [[error], [size]] = await wide(chain, count);
      return error / size;
    };
    const one = await ratio(moved, 2);
    const three = await ratio(summed, 3);
    expect(three).toBeGreaterThan(one * 1.1);
  });
});

it("columns are examples, each with sums of its own", async () => {
  const own = of("float32");
  const both = { centre: matrix([3, -1], [0.25, 8]), radius: matrix([0, 1], [0, 2]) };
  const found = own.affine(tape, layerOf(FIRST), [both], 3, undefined);
  const [a, b] = [
    [3, 0.25],
    [2, 10],
  ].map((m) => documented(FIRST, m, "float32"));
  await expectNumbers(
    found.error as Variable,
    a.error.flatMap((e, i) => [e, b.error[i]]),
  );
  await expectNumbers(found.floor as Variable, [a.floor, b.floor]);
});
