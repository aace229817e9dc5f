import { describe, expect, it } from "vitest";
import { add, linear, type Variable } from "../../src/autodiff/index.js";
import { IEEE } from "../../src/compute/arithmetic.js";
import type { AffineChain } from "../../src/dual/affine-chain.js";
import type { AffineDual } from "../../src/dual/dual-layer.js";
import { Rounding } from "../../src/dual/rounding.js";
import type { Evaluation } from "../../src/threat/evaluation.js";
import { documented, layerOf, type PlainLayer } from "./documented-affine.js";
import { CHAIN, column, expectNumbers, matrix, read, tape } from "./rounding-tape.js";

const { roundoff: u, underflow: tau, largest: LARGEST } = IEEE.float32;
const SLACK = (1 + 2 ** -6) ** 2;
const of = (evaluation: Evaluation, dtype: "float32" | "float64" = "float32") =>
  new Rounding(dtype, CHAIN, evaluation, { summed: false });
const known = (...m: readonly number[]) => ({
  centre: column(...m.map((x) => -x / 2)),
  radius: column(...m.map((x) => x / 2)),
});

const layer = (forward: number, weights: readonly (readonly number[])[]): PlainLayer => ({
  weights,
  roundings: { forward, backward: 1 },
});
/** Branches that are added up. */
const joinOf = (count: number): AffineDual => {
  const sum = (own: typeof tape, xs: readonly Variable[]) => xs.reduce((a, b) => add(own, a, b));
  return {
    kind: "affine",
    coupling: "join",
    offset: undefined,
    roundings: { forward: count, backward: 1 },
    absolute: sum,
    push: sum,
    back: (_, nu) => ({ nus: [nu, nu] }),
  };
};

describe("branches that meet", () => {
  const own = of("float32");
  const first = layer(2, [[1, 3]]);
  const second = layer(5, [[0.5, 0.25]]);
  const branch = (which: PlainLayer, sizes: readonly number[]) => {
    const { chain } = own.affine(tape, layerOf(which), [known(...sizes)], 1, undefined);
    return { chain, expected: documented(which, sizes, "float32") };
  };
  const numberOf = async ({ weight, x }: { weight: number; x: Variable }) => weight * (await read(x))[0];

  it("add up as one, term after term, whichever scale each has", async () => {
    const [a, b] = [branch(first, [4, 8]), branch(second, [2 ** 20, 16])];
    const inputs = [a, b].map(({ chain }) => ({ ...known(1), chain }));
    const found = own.affine(tape, joinOf(2), inputs, 1, undefined);
    const T = a.expected.T + b.expected.T + 2 + 1 + 8;
    // Of the larger of both, that of the longer sum.
    const c = b.expected.c + (1 + 2 * 2 + 2 + 24) * u;
    const F = 3;
    const s = ((T + F) * u + c) * SLACK;
    // The second's sizes are brought into the first's scale.
    const sizes = a.expected.M[0] + b.expected.M[0] + (4 * tau) / a.expected.s;
    const lost = 2 * tau;
    const meeting = sizes + a.expected.begun + b.expected.begun;
    const floor = 4 * (1 + 1 + 8) * tau * (1 + 2 ** -6) * sizes + 2 * 4 * (2 + 1 + 8) * tau;
    const least = 2 * (T + 16) * lost * (s / a.expected.s) + (64 * tau) / u;
    await expectNumbers(found.error as Variable, [s * sizes + floor + 4 * lost * meeting + least]);
    await expectNumbers(found.floor as Variable, [floor]);
    const chain = found.chain as AffineChain;
    expect([chain.roundings, chain.folded]).toEqual([T, F]);
    expect(chain.own / c).toBeCloseTo(1, 12);
    expect((await numberOf(chain.begun())) / meeting).toBeCloseTo(1, 12);
  });

  it("may begin with what an activation gives", async () => {
    const a = branch(first, [4, 8]);
    const inputs = [known(32), { ...known(1), chain: a.chain }];
    const found = own.affine(tape, joinOf(2), inputs, 1, undefined);
    const T = a.expected.T + 2 + 1 + 8;
    const s = ((T + 3) * u + a.expected.c + (1 + 4 + 2 + 24) * u) * SLACK;
    const sizes = 32 + (4 * tau) / a.expected.s + a.expected.M[0];
    // What begins here is counted once.
    const meeting = sizes + a.expected.begun;
    const floor = 4 * 10 * tau * (1 + 2 ** -6) * sizes + 2 * 4 * 11 * tau;
    const least = 2 * (T + 16) * 2 * tau * (s / a.expected.s) + (64 * tau) / u;
    await expectNumbers(found.error as Variable, [s * sizes + floor + 8 * tau * meeting + least]);
    expect((await numberOf((found.chain as AffineChain).begun())) / meeting).toBeCloseTo(1, 12);
  });

  it("are stacked with the roundings of the longer one each", async () => {
    const [a, b] = [branch(first, [4, 8]), branch(second, [2, 16])];
    const stack: AffineDual = {
      ...joinOf(2),
      roundings: { forward: 0, backward: 0 },
      absolute: (on, [x, y]) =>
        add(on, linear(on, matrix([1], [0]), x as Variable), linear(on, matrix([0], [1]), y as Variable)),
    };
    const inputs = [a, b].map(({ chain }) => ({ ...known(1), chain }));
    const { error, chain } = own.affine(tape, stack, inputs, 2, undefined);
    const s = (b.expected.T * u + b.expected.c) * SLACK;
    const size = (m: number, further: number) => s * (m + further / a.expected.s) + 4 * tau;
    await expectNumbers(error as Variable, [...[size(a.expected.M[0], 0), size(b.expected.M[0], 4 * tau)]]);
    expect([chain?.roundings, chain?.folded, chain?.hasSums]).toEqual([b.expected.T, 0, true]);
    const begun = await numberOf((chain as AffineChain).begun());
    expect(begun / (a.expected.begun + b.expected.begun)).toBeCloseTo(1, 12);
  });

  it("keep what was rounded of the one, where the other begins as it is", async () => {
    const a = branch(first, [4, 8]);
    const stack: AffineDual = {
      ...joinOf(2),
      roundings: { forward: 0, backward: 0 },
      absolute: (on, [x, y]) =>
        add(on, linear(on, matrix([1], [0]), x as Variable), linear(on, matrix([0], [1]), y as Variable)),
    };
    const inputs = [{ ...known(1), chain: a.chain }, known(2)];
    const { error, chain } = own.affine(tape, stack, inputs, 2, undefined);
    const { M, s } = a.expected;
    await expectNumbers(error as Variable, [M[0] * s + 4 * tau, 2 * s + 8 * tau]);
    expect(chain?.roundings).toBe(a.expected.T);
  });

  it("count all features where nothing is known of the layer", async () => {
    const { roundings: _, ...unknown } = joinOf(2);
    const three = { ...unknown, absolute: (_: unknown, [x]: readonly Variable[]) => x as Variable };
    const { chain } = own.affine(tape, three as AffineDual, [known(1, 1), known(1, 1, 1)], 4, undefined);
    // Those of both inputs, those of the output, and 64 more; a product, and 8 of coefficients.
    expect(chain?.roundings).toBe(2 + 3 + 4 + 64 + 1 + 8);
  });
});

describe("the floor of rows", () => {
  const floor = (features: number, sum: number) =>
    4 * (2 + 1 + 8) * tau * (1 + 2 ** -6) * sum + 4 * (features + 2 + 8) * tau;

  it("is that of two steps over a node's values, on top of what was before", async () => {
    const own = of("float32");
    await expectNumbers(own.floorOf(tape, known(3, 5), undefined), [floor(2, 8)]);
    await expectNumbers(own.floorOf(tape, known(3, 5), column(2 ** -140)), [floor(2, 8) + 2 ** -140]);
    const error = column(1, 1);
    await expectNumbers(own.floorOf(tape, { ...known(3, 5), error }, undefined), [floor(2, 10)]);
  });

  it("takes what is known of a chain, for all sizes on the way", async () => {
    const own = of("float32");
    const sums = layer(2, [
      [1, 3],
      [2, 0],
    ]);
    const { chain } = own.affine(tape, layerOf(sums), [known(4, 8)], 2, undefined);
    const { total } = documented(sums, [4, 8], "float32");
    await expectNumbers(own.floorOf(tape, { ...known(3, 5), chain }, undefined), [floor(2, total)]);
  });
});

describe("overflow", () => {
  /** Whether rounding is known of z = w x + b with |x| at most this, of which the evaluation may compute γ x on the way. */
  const isKnown = async (
    evaluation: Evaluation,
    {
      x = 0,
      w = 0,
      b = 0,
      kappa,
      offset = 0,
    }: Readonly<Partial<Record<"x" | "w" | "b" | "kappa" | "offset", number>>>,
  ): Promise<boolean> => {
    const plain: PlainLayer = {
      weights: [[w]],
      bias: [-b],
      roundings: { forward: 1, backward: 1 },
      ...(kappa !== undefined && { between: { scale: [kappa], offset: [offset] } }),
    };
    const { error } = of(evaluation, "float64").affine(tape, layerOf(plain), [known(x)], 1, undefined);
    return !Number.isNaN((await read(error as Variable))[0]);
  };
  const L = LARGEST;

  it.each(["float32", "float32-ftz"] as const)(
    "is as soon as half of what the evaluation has is passed: %s",
    async (evaluation) => {
      const cases = [
        // What is read, what comes of it, and the constant: by itself, and together.
        [{ x: 0.49 * L }, { x: 0.51 * L }],
        [
          { x: 0.01 * L, w: 48 },
          { x: 0.01 * L, w: 50 },
        ],
        [{ b: 0.49 * L }, { b: 0.51 * L }],
        [
          { x: 0.2 * L, w: 0.5, b: 0.19 * L },
          { x: 0.2 * L, w: 0.5, b: 0.21 * L },
        ],
        // Numbers on the way, and what meets in the constant.
        [
          { x: 0.01 * L, kappa: 47 },
          { x: 0.01 * L, kappa: 50 },
        ],
        [
          { kappa: 0, offset: 0.49 * L },
          { kappa: 0, offset: 0.51 * L },
        ],
        [
          { x: 0.1 * L, kappa: 1, offset: 0.29 * L },
          { x: 0.1 * L, kappa: 1, offset: 0.31 * L },
        ],
      ];
      for (const [within, beyond] of cases) {
        expect(await isKnown(evaluation, within), JSON.stringify(within)).toBe(true);
        expect(await isKnown(evaluation, beyond), JSON.stringify(beyond)).toBe(false);
      }
    },
  );

  it("is where our own arithmetic has no number, and nowhere in real numbers", async () => {
    expect(await isKnown("float64", { x: 0.8e308 })).toBe(true);
    expect(await isKnown("float64", { x: 1e308 })).toBe(false);
    expect(await isKnown("real", { x: 1e308 })).toBe(true);
  });

  it("is what a chain has gathered, in its own scale", async () => {
    const own = of("float32", "float64");
    const gathered = async (w: number): Promise<boolean> => {
      const { chain } = own.affine(tape, layerOf(layer(1, [[1]])), [known(0.01 * L)], 1, undefined);
      const next = { ...layer(1, [[w]]), bias: [0], between: { scale: [2 * w], offset: [0] } };
      const { error } = own.affine(tape, layerOf(next), [{ ...known(1), chain }], 1, undefined);
      return !Number.isNaN((await read(error as Variable))[0]);
    };
    // 1 + w + 2w of it.
    expect([await gathered(15), await gathered(18)]).toEqual([true, false]);
  });
});
