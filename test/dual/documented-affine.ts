import { expect } from "vitest";
import { linear, type Variable } from "../../src/autodiff/index.js";
import { accumulated, IEEE } from "../../src/compute/arithmetic.js";
import type { AffineChain } from "../../src/dual/affine-chain.js";
import type { AffineDual } from "../../src/dual/dual-layer.js";
import { arithmeticOf, type Evaluation } from "../../src/threat/evaluation.js";
import { column, expectNumbers, matrix, read } from "./rounding-tape.js";

const { roundoff: u, underflow: tau } = IEEE.float32;
const SLACK = 2 ** -6;

/** An affine layer of one example in plain numbers. */
export interface PlainLayer {
  readonly weights: readonly (readonly number[])[];
  readonly bias?: readonly number[];
  readonly roundings?: { readonly forward: number; readonly backward: number };
  /** κ, and the magnitudes that meet in a constant on the way. */
  readonly between?: { readonly scale: readonly number[]; readonly offset: readonly number[] };
  /** Which inputs are not 0, where terms are counted. */
  readonly counted?: boolean;
}

export const magnitudeOf = (rows: readonly (readonly number[])[], x: readonly number[]): number[] =>
  rows.map((row) => row.reduce((sum, weight, j) => sum + Math.abs(weight) * x[j], 0));

/** The same for a dual network. */
export function layerOf({ weights, bias, roundings, between, counted }: PlainLayer): AffineDual {
  const magnitudes = matrix(...weights.map((row) => row.map(Math.abs)));
  const joined = (xs: readonly Variable[]): Variable => xs[0];
  const act: AffineDual["absolute"] = (own, xs) => linear(own, magnitudes, joined(xs));
  return {
    kind: "affine",
    coupling: "mixing",
    offset: bias && column(...bias),
    ...(roundings && { roundings }),
    ...(between && {
      intermediates: () => ({ scale: column(...between.scale), offset: column(...between.offset) }),
    }),
    ...(counted && {
      terms: (own, alive) =>
        linear(own, matrix(...weights.map((row) => row.map((w) => (w === 0 ? 0 : 1)))), alive),
    }),
    absolute: act,
    push: (own, xs) => act(own, xs, 1),
    back: () => {
      throw new Error("not asked for");
    },
  };
}

/** What a layer adds, and what goes along a chain, in the letters of docs/rounding.md. */
export interface Documented {
  readonly error: readonly number[];
  readonly floor: number;
  /** M′, T′, c′, F and s′. */
  readonly M: readonly number[];
  readonly T: number;
  readonly F: number;
  readonly c: number;
  readonly s: number;
  /** Σ of where the chain begins, and of all sizes on the way that layers read. */
  readonly begun: number;
  /** Twice the sum of what meets in the layer. */
  readonly total: number;
  readonly steep: number;
}

const sumOf = (x: readonly number[]): number => x.reduce((sum, one) => sum + one, 0);

/** e′ of one layer of sums, as docs/rounding.md has it. */
export function documented(
  { weights, bias = [], roundings, between, counted = false }: PlainLayer,
  /** m where a chain begins, or the chain. */
  input: readonly number[] | Documented,
  evaluation: Evaluation,
  { readers = 1, terms = 16, floors = 0, summed = false } = {},
): Documented {
  const deployed = arithmeticOf(evaluation);
  const lost = deployed.underflow + deployed.flushed + tau;
  const before = "M" in input ? input : undefined;
  const [n, nOut] = roundings
    ? [roundings.forward, roundings.backward]
    : [0, 0].map(() => weights[0].length + weights.length + 64);
  const T = (before?.T ?? 0) + n + 1 + 8;
  const F = before ? Math.max(before.F, n + 1) : 0;
  const c = (before?.c ?? 0) + (nOut + 2 * n + 2 * readers + 24) * u;
  const s = ((T + F) * deployed.roundoff + c) * (1 + SLACK) ** 2;
  // A size is scaled where a chain begins, and what underflows in that is added.
  const M = before?.M ?? (input as readonly number[]).map((m) => m + (4 * tau) / s);
  const meeting = sumOf(M);
  const onTheWay = before ? meeting + before.begun : meeting;
  const inputs = M.length;
  const floor =
    floors + 4 * (nOut + readers + 8) * tau * (1 + SLACK) * meeting + 4 * (inputs + nOut + 8) * tau;
  const each = (deployed.roundoff + 2 * u) * (1 + SLACK) ** 2;
  const least = counted ? s - n * each : s;
  const raised = s / least;
  const signed = summed ? accumulated(bias.length + terms, IEEE.float32) * (1 + SLACK) : 0;
  const products = magnitudeOf(weights, M);
  const underflow = 64 * lost * raised;
  const everywhere =
    raised * (floor + 4 * lost * onTheWay) +
    underflow * onTheWay * (before?.steep ?? 0) +
    2 * (T + 16) * lost * raised * Math.max(1, before ? s / before.s : 1) +
    (64 * tau) / u;
  const size = products.map(
    (product, i) =>
      s * product +
      s * (1 + signed / least) * Math.abs(bias[i] ?? 0) +
      everywhere +
      underflow * (onTheWay + 1) * (between?.scale[i] ?? 0),
  );
  const alive = weights.map((row) => row.filter((weight, j) => weight !== 0 && M[j] > (4 * tau) / s).length);
  const error = counted ? size.map((own, i) => own * ((alive[i] * each) / s + least / s)) : size;
  const constants = sumOf(bias.map((b) => Math.abs(b) * (1 + signed / least)));
  const steps = between ? sumOf(between.offset) + M.reduce((sum, m, i) => sum + m * between.scale[i], 0) : 0;
  const own = between && sumOf(between.scale);
  const steep = before?.steep ? before.steep * (own ?? 1) : (own ?? 0);
  return {
    ...{ error, floor, M: size.map((own) => own / s), T, F, c, s },
    ...{ begun: onTheWay, total: 2 * (sumOf(products) + meeting + constants + steps), steep },
  };
}

/** Sums of terms that cancel. */
export const FIRST: PlainLayer = {
  weights: [
    [0.5, -2],
    [0, 4],
    [-1, 0.25],
  ],
  bias: [-3, 0, 0.5],
  roundings: { forward: 2, backward: 3 },
};
/** Whose coefficients are computed on the way. */
export const SCALED: PlainLayer = {
  weights: [
    [3, 0],
    [0, -0.5],
  ],
  bias: [1, 0],
  roundings: { forward: 1, backward: 1 },
  between: { scale: [6, 1], offset: [2, 8] },
};

/** An input whose values do not exceed these. */
export const known = (...m: readonly number[]) => ({
  centre: column(...m.map((x) => -x / 2)),
  radius: column(...m.map((x) => x / 2)),
});

interface Found {
  readonly error: Variable | undefined;
  readonly floor: Variable | undefined;
  readonly chain: AffineChain | undefined;
}

/** That a layer's account is the documented one, number for number. */
export async function expectDocumented({ error, floor, chain }: Found, expected: Documented): Promise<void> {
  await expectNumbers(error as Variable, expected.error);
  await expectNumbers(floor as Variable, [expected.floor]);
  if (!chain) throw new Error("expected a chain");
  const { size, scale, roundings, folded, own, hasSums, total, steep } = chain;
  await expectNumbers(
    size,
    expected.M.map((m) => m * expected.s),
  );
  expect(scale * expected.s).toBeCloseTo(1, 12);
  expect([roundings, folded, hasSums]).toEqual([expected.T, expected.F, true]);
  expect(own / expected.c).toBeCloseTo(1, 12);
  const begun = chain.begun();
  // In the chain's own scale: where e has a number, so has this.
  expect(begun.weight * expected.s).toBeCloseTo(1, 12);
  expect((begun.weight * (await read(begun.x))[0]) / expected.begun).toBeCloseTo(1, 12);
  expect(((total?.weight ?? 0) * (await read(total?.x as Variable))[0]) / expected.total).toBeCloseTo(1, 12);
  if (expected.steep === 0) expect(steep).toBeUndefined();
  else await expectNumbers(steep as Variable, [expected.steep]);
}
