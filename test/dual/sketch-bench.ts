import { expect } from "vitest";
import { add, linear, normRows, scaleBy, scaleShift, Tape, type Variable } from "../../src/autodiff/index.js";
import type { NormOrder } from "../../src/compute/backend.js";
import type { Noise } from "../../src/compute/noise.js";
import { OWN, repeatOwners } from "../../src/compute/owners.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { fillNoise } from "../../src/compute/random-noise.js";
import type { DualGraph } from "../../src/dual/dual-graph.js";
import type { AffineDual, BoundLayer, ParallelDual } from "../../src/dual/dual-layer.js";
import type { Estimator } from "../../src/dual/estimator.js";
import type { Network } from "../../src/network/network.js";

// Projections by hand: dual layers of small matrices, an estimator that says what it was asked, and the same by plain loops.

export const backend = createPortableBackend({ dtype: "float64" });
/** The projection dimension, and the examples. */
export const [R, EXAMPLES] = [3, 2];

/** A line a feature. */
export type Numbers = readonly (readonly number[])[];

/** The radii of two examples' balls; a matrix; slopes and radii of lines, of each example its own. */
export const BALL: Numbers = [
  [0.5, 2],
  [1, 0.25],
];
export const [W, D, RHO]: Numbers[] = [
  [
    [1, -2],
    [0.5, 3],
  ],
  [
    [0.5, 1],
    [-0.25, 0.125],
  ],
  [
    [0.125, 0],
    [2, 1],
  ],
];

/** A tensor of no tape. */
export const fixed = (rows: Numbers): Variable => ({
  value: backend.upload(rows.length, rows[0].length, Float64Array.from(rows.flat())),
  tracked: false,
});

const mapped = (x: Numbers, by: (value: number, row: number, column: number) => number): number[][] =>
  x.map((row, f) => row.map((value, c) => by(value, f, c)));
export const absolute = (x: Numbers) => mapped(x, Math.abs);
export const plus = (...all: readonly Numbers[]) =>
  mapped(all[0], (_, f, c) => all.reduce((sum, x) => sum + x[f][c], 0));
export const times = (by: number, x: Numbers) => mapped(x, (value) => by * value);
/** W x. */
export const product = (w: Numbers, x: Numbers) =>
  w.map((row) => x[0].map((_, c) => row.reduce((sum, weight, i) => sum + weight * x[i][c], 0)));
/** d ⊙ x, d of the example of each column. */
export const scaled = (d: Numbers, x: Numbers) => mapped(x, (value, f, c) => d[f][Math.floor(c / R)] * value);

/** ρ ⊙ C: entry f·R + k of an example's noise is number k of feature f. */
export function spreadOf(rho: Numbers, noise: Noise): Numbers {
  const random = rho[0].map((_, column) => {
    const out = new Float64Array(rho.length * R);
    fillNoise(noise, 0, out, noise.examples ? noise.examples[column] : column);
    return out;
  });
  return rho.map((row, f) =>
    row.flatMap((radius, b) => Array.from({ length: R }, (_, k) => radius * random[b][f * R + k])),
  );
}

/** What the estimator makes of projections: Σ|R| of each example, and of normal ones a thousand times that. */
export const estimateOf = (order: NormOrder, x: Numbers): number[] =>
  x.flatMap((row) =>
    Array.from({ length: row.length / R }, (_, b) => {
      const sum = row.slice(b * R, (b + 1) * R).reduce((total, value) => total + Math.abs(value), 0);
      return order === 1 ? sum : 1000 * sum;
    }),
  );

/** W x + …; of several matrices, where inputs meet. */
export function affine(...weights: readonly Numbers[]): AffineDual {
  const through = (matrices: readonly Variable[], tape: Tape, xs: readonly Variable[]) =>
    matrices.map((w, i) => linear(tape, w, xs[i])).reduce((a, b) => add(tape, a, b));
  const [own, sizes] = [weights.map(fixed), weights.map((w) => fixed(absolute(w)))];
  return {
    ...{ kind: "affine", coupling: weights.length > 1 ? "join" : "mixing", offset: undefined },
    push: (tape, xs) => through(own, tape, xs),
    // Of another order it would be no radius of errors.
    absolute: (tape, xs, order) =>
      through(order === 1 ? sizes : sizes.map(() => fixed([[Number.NaN]])), tape, xs),
    back: (_, nu) => ({ nus: weights.map(() => nu) }),
  };
}

/** What is handed on as it is, in the same tensor, as a reshape does. */
export const handedOn: AffineDual = {
  ...{ kind: "affine", coupling: "diagonal", offset: undefined },
  push: (_, [x]) => x,
  absolute: (_, [x]) => x,
  back: (_, nu) => ({ nus: [nu] }),
};

/** Lines d z ± ρ, `[n, examples]`, that tell their slope or do not. */
export function lines(
  d: Numbers,
  rho: Numbers,
  given: Partial<ParallelDual> & { hidden?: true } = {},
): ParallelDual {
  const { hidden, ...more } = given;
  const [slope, size, radius] = [fixed(d), fixed(absolute(d)), fixed(rho)];
  return {
    ...{ kind: "parallel", coupling: "diagonal", shift: radius, radius },
    push: (tape, [x], owners) => scaleShift(tape, x, slope, undefined, owners),
    absolute: (tape, x) => scaleShift(tape, x, size, undefined, OWN),
    back: (_, nu) => ({ nus: [nu] }),
    ...(!hidden && { slope }),
    ...more,
  };
}

export function graphOf(
  network: Network,
  ball: Numbers,
  layers: readonly BoundLayer[],
  given: Partial<DualGraph> = {},
): DualGraph {
  const [ballCentre, ballRadius] = [fixed(times(0, ball)), fixed(ball)];
  const unrounded = { rounding: null, inputError: undefined, errors: [] };
  return {
    network,
    layers: [undefined, ...layers],
    ballCentre,
    ballRadius,
    dualOrder: 1,
    ...unrounded,
    ...given,
  };
}

/** The noise of a place: no two have the same. */
export const noiseOf = (
  distribution: Noise["distribution"],
  origin: number,
  target = -1,
  sketch = 0,
): Noise => ({ distribution, key: [100 + origin, 200 + target], stream: [sketch, 7] });

/** An estimator of plain sums, and what noise it was asked for. */
export function asked(given: Partial<Estimator> = {}) {
  const noises: unknown[] = [];
  const orders: number[] = [];
  const estimator: Estimator = {
    ...{ dimension: R, form: "joint", when: "wider", firstLayer: false, guarantee: "estimate" },
    ...{ sketches: 1, independent: false },
    noise(distribution, origin, target, sketch) {
      noises.push([distribution, origin, target, sketch]);
      return noiseOf(distribution, origin, target, sketch);
    },
    estimate(tape, x, order) {
      orders.push(order);
      const sum = normRows(tape, x, repeatOwners(R), x.value.rows / R, 1);
      return order === 1 ? sum : scaleBy(tape, sum, 1000);
    },
    ...given,
  };
  return { estimator, noises, orders };
}

export const plainTape = (record = false) => new Tape(backend, { record });

/** Equal but for double precision's own rounding. */
export async function expectRadius(found: Variable, expected: readonly number[]): Promise<void> {
  const numbers = [...(await backend.read(found.value))];
  expect(numbers.length).toBe(expected.length);
  const most = Math.max(...expected.map(Math.abs));
  numbers.forEach((value, i) => {
    const far = Math.abs(value - expected[i]);
    expect(far, `${value} at ${i}, expected ${expected[i]}`).toBeLessThanOrEqual(1e-12 * most);
  });
}
