import { describe, expect, it } from "vitest";
import { type Activation, activationDefinition } from "../../../src/activations/index.js";
import { Tape, type Variable } from "../../../src/autodiff/index.js";
import { OWN, type Owners, SHARED } from "../../../src/compute/owners.js";
import { createPortableBackend } from "../../../src/compute/portable/index.js";
import { type Enclosure, enclosureOf, type Line } from "../../../src/dual/slopes/lines.js";
import {
  type MixedRounding,
  type MixWeights,
  mixedDual,
  type SideConstraint,
} from "../../../src/dual/slopes/mixed-dual.js";
import { hardtanh, leakyRelu, relu, sigmoid, tanh } from "../../../src/network/build-layer.js";
import { linesOf } from "../../activations/lines-of.js";
import * as dense from "../rules/dense.js";

const backend = createPortableBackend({ dtype: "float64" });
const TINY = 1e-13;
/** One neuron over each of these. */
const INTERVALS = [
  [-1, 2],
  [-2, 1],
  [-0.5, 0.5],
  [0, 1.5],
  [0.5, 1.5],
  [-1.5, 0],
  [-1.5, -0.5],
  [0, 0],
  [-3, 3],
] as const;

async function listOf(x: Variable | undefined): Promise<number[] | undefined> {
  return x && Array.from(await backend.read(x.value));
}

async function enclosed(f: Activation) {
  using tape = new Tape(backend, { record: false });
  const ends = [0, 1].map((end) =>
    dense.uploaded(
      tape,
      dense.matrix(INTERVALS.length, 1, (i) => INTERVALS[i][end]),
    ),
  );
  const { lower, upper, start } = enclosureOf(tape, f, ends[0], ends[1]);
  const numbers = (lines: readonly Line[]) =>
    Promise.all(
      lines.map(async ({ slope, shift }) => ({ slope: await listOf(slope), shift: await listOf(shift) })),
    );
  return { lower: await numbers(lower), upper: await numbers(upper), start: (await listOf(start)) ?? [] };
}

describe.each([
  ["relu", relu(), 0],
  ["leaky-relu", leakyRelu(0.25), 0.25],
  ["leaky-relu without a slope", leakyRelu(0), 0],
] as const)("lines that may be chosen around %s", (_, f: Activation, below) => {
  it("are all from one piece to the other below an unstable neuron, and the chord above; else the function itself", async () => {
    const { lower, upper, start } = await enclosed(f);
    expect([lower.length, upper.length]).toEqual([2, 1]);
    for (const [i, [l, u]] of INTERVALS.entries()) {
      const unstable = l < 0 && u > 0;
      const { lower: near, upper: chord } = linesOf(f, "adaptive", l, u);
      const own = u <= 0 ? below : 1;
      const slopes = lower.map(({ slope }) => slope?.[i]);
      expect(slopes, `over ${l} to ${u}`).toEqual(unstable ? [1, below] : [own, own]);
      expect(lower.map(({ shift }) => shift?.[i] ?? 0)).toEqual([0, 0]);
      expect(upper[0].slope?.[i]).toBeCloseTo(chord.slope, 14);
      expect(upper[0].shift?.[i]).toBeCloseTo(chord.shift, 14);
      // CROWN's slope is where they begin.
      const first = start[i] * (slopes[0] ?? Number.NaN) + (1 - start[i]) * (slopes[1] ?? Number.NaN);
      expect(first).toBeCloseTo(near.slope, 14);
      expect(start[i]).toBe(near.slope === 1 ? 1 : 0);
    }
  });
});

describe.each([
  ["leaky-relu, steep", leakyRelu(3)],
  ["hardtanh", hardtanh(-0.5, 1)],
  ["tanh", tanh()],
  ["sigmoid", sigmoid()],
] as const)("lines that may be chosen around %s", (_, f: Activation) => {
  it("are CROWN's, to begin with, and those of one slope", async () => {
    const { lower, upper, start } = await enclosed(f);
    expect(start).toEqual(INTERVALS.map(() => 1));
    for (const [i, [l, u]] of INTERVALS.entries()) {
      for (const [side, lines] of [
        ["lower", lower],
        ["upper", upper],
      ] as const) {
        const expected = (["adaptive", "parallel"] as const).map((method) => linesOf(f, method, l, u)[side]);
        expect(lines.length).toBe(2);
        for (const [k, { slope, shift }] of lines.entries()) {
          expect(slope?.[i]).toBeCloseTo(expected[k].slope, 14);
          expect(shift?.[i] ?? 0).toBeCloseTo(expected[k].shift, 14);
        }
      }
    }
    expect(activationDefinition(f).mix(f).kind).toBe("between known");
  });
});

const NEURONS = 4;
const ROWS = 3;

describe("an activation between mixed lines", () => {
  /** Lines, weights and constraints of random numbers: the step is arithmetic whatever they are. */
  const draw = (features: number, rows: number, seed: number) => dense.randomMatrix(features, rows, seed);
  const positive = (x: dense.Matrix) => dense.mapped(x, Math.abs);

  interface Lines {
    readonly slope: dense.Matrix;
    readonly shift?: dense.Matrix;
  }

  /** The line of each row by hand. */
  function mixedOf(
    lines: readonly Lines[],
    weight: dense.Matrix | undefined,
    column: (row: number) => number,
  ) {
    const mix = (f: number, row: number, what: "slope" | "shift") => {
      const own = lines.map((line) => {
        const x = line[what];
        return x ? x.values[f * x.rows + column(row)] : 0;
      });
      if (!weight || own.length === 1) return own[0];
      const w = weight.values[f * ROWS + row];
      return w * own[0] + (1 - w) * own[1];
    };
    return {
      slope: (f: number, row: number) => mix(f, row, "slope"),
      shift: (f: number, row: number) => mix(f, row, "shift"),
    };
  }

  const OWNERS: readonly [string, Owners, number][] = [
    ["rows of their own", OWN, ROWS],
    ["rows of one box", SHARED, 1],
  ];
  const SHIFTS = [
    [false, false],
    [false, true],
    [true, true],
  ] as const;
  const cases = OWNERS.flatMap(([name, owners, columns]) =>
    SHIFTS.flatMap((shifts) =>
      [true, false].flatMap((two) =>
        [true, false].flatMap((weighted) =>
          [true, false].map((rounded) => ({ name, owners, columns, shifts, two, weighted, rounded })),
        ),
      ),
    ),
  );

  it.each(cases)(
    "takes the lower one where ν > 0, the upper where ν < 0, and constraints: %o",
    async ({ owners, columns, shifts, two, weighted, rounded }) => {
      using tape = new Tape(backend, { record: false });
      const column = (row: number) => (columns === 1 ? 0 : row);
      const line = (seed: number, shifted: boolean): Lines => ({
        slope: positive(draw(NEURONS, columns, seed)),
        ...(shifted && { shift: draw(NEURONS, columns, seed + 1) }),
      });
      const lines = (seed: number, shifted: boolean) =>
        two ? [line(seed, shifted), line(seed + 2, shifted)] : [line(seed, shifted)];
      const [low, high] = [lines(10, shifts[0]), lines(20, shifts[1])];
      const placed = (own: readonly Lines[]) =>
        own.map(({ slope, shift }) => ({
          slope: dense.uploaded(tape, slope),
          ...(shift && { shift: dense.uploaded(tape, shift) }),
        })) as unknown as Enclosure["lower"];
      const enclosure: Enclosure = {
        lower: placed(low),
        upper: placed(high),
        start: dense.uploaded(tape, draw(1, 1, 1)),
      };
      const share = (seed: number) => dense.mapped(draw(NEURONS, ROWS, seed), (x) => Math.abs(Math.sin(x)));
      const [lowWeight, highWeight] = weighted ? [share(30), share(31)] : [];
      const weights: MixWeights = {
        ...(lowWeight && { lower: dense.uploaded(tape, lowWeight) }),
        ...(highWeight && { upper: dense.uploaded(tape, highWeight) }),
      };
      const marks = dense.matrix(NEURONS, ROWS, (f, row) => (f + row) % 2);
      const values = draw(NEURONS, ROWS, 41);
      const sides = [
        { side: "above", values, multipliers: positive(draw(NEURONS, ROWS, 42)) },
        { side: "below", values, multipliers: positive(draw(NEURONS, ROWS, 43)) },
        { side: "below", values: null, multipliers: positive(draw(NEURONS, ROWS, 44)) },
      ] as const;
      const constraints = sides.map(
        (own): SideConstraint => ({
          side: own.side,
          marks: dense.uploaded(tape, marks),
          values: own.values && dense.uploaded(tape, own.values),
          multipliers: dense.uploaded(tape, own.multipliers),
        }),
      );
      const width = positive(draw(NEURONS, columns, 50));
      const ofConstraint = positive(draw(NEURONS, 1, 51));
      const rounding = {
        rounding: {
          ofConstraint: () => dense.uploaded(tape, ofConstraint),
          ofTerms: (terms: number) => terms / 64,
        },
        width: dense.uploaded(tape, width),
        gathered: { size: [], error: undefined },
      } as unknown as MixedRounding;
      const nu = draw(NEURONS, ROWS, 60);
      nu.values[0] = 0;

      const seen: Variable[] = [];
      for (const own of [constraints, []]) {
        const layer = mixedDual(
          tape,
          enclosure,
          weights,
          owners,
          ROWS,
          own,
          rounded ? rounding : null,
          (x) => {
            seen.push(x);
          },
        );
        const given = dense.uploaded(tape, nu);
        const step = layer.back(tape, given, owners, { centre: true });
        expect(layer.kind).toBe("two-lines");
        expect(seen.at(-1)).toBe(given);
        const [below, above] = [mixedOf(low, lowWeight, column), mixedOf(high, highWeight, column)];
        const at = (f: number, row: number) => nu.values[f * ROWS + row];
        const pull = ({ multipliers }: (typeof sides)[number], f: number, row: number) =>
          marks.values[f * ROWS + row] * multipliers.values[f * ROWS + row];
        const used = sides.slice(0, own.length);
        const expected = dense.matrix(NEURONS, ROWS, (f, row) => {
          const taken = at(f, row) > 0 ? below : above;
          // z ≥ v draws ν down, z ≤ v up.
          const pulled = used.reduce(
            (sum, cut) => sum + (cut.side === "above" ? -1 : 1) * pull(cut, f, row),
            0,
          );
          return at(f, row) * taken.slope(f, row) + pulled;
        });
        expect(step.nus.length).toBe(1);
        expect(dense.distance(await dense.downloaded(tape, step.nus[0]), expected)).toBeLessThan(TINY);
        const each = dense.matrix(NEURONS, ROWS, () => 1);
        const centre = dense.columnSums(each, (f, row) => {
          const taken = at(f, row) > 0 ? below : above;
          const v = values.values[f * ROWS + row];
          const cuts = used.reduce(
            (sum, cut) => sum + (cut.values ? (cut.side === "above" ? 1 : -1) * pull(cut, f, row) * v : 0),
            0,
          );
          return at(f, row) * taken.shift(f, row) + cuts;
        });
        const known = shifts.some((shifted) => shifted) || own.length > 0;
        expect(step.centre !== undefined).toBe(known);
        if (step.centre)
          expect(dense.listDistance((await listOf(step.centre)) ?? [], centre)).toBeLessThan(TINY);
        const radius = dense.columnSums(each, (f, row) => {
          const cuts = used.reduce((sum, cut) => {
            const size = cut.values ? (Math.abs(values.values[f * ROWS + row]) * NEURONS) / 64 : 0;
            return sum + pull(cut, f, row) * (ofConstraint.values[f] + size);
          }, 0);
          return Math.abs(at(f, row)) * width.values[f * columns + column(row)] + cuts;
        });
        expect(step.radius !== undefined).toBe(rounded);
        if (step.radius)
          expect(dense.listDistance((await listOf(step.radius)) ?? [], radius)).toBeLessThan(TINY);
      }
    },
  );

  it("needs nobody who looks on, and lines that both have a shift, or none", async () => {
    using tape = new Tape(backend, { record: false });
    const of = (value: number) => tape.own(backend.filled(1, 1, value));
    const [plain, shifted] = [{ slope: of(0.5) }, { slope: of(0.25), shift: of(1) }];
    const upper = [plain] as const;
    const enclosure: Enclosure = { lower: [plain, plain], upper, start: of(1) };
    const layer = mixedDual(tape, enclosure, { lower: of(0.5) }, SHARED, 1, [], null);
    const { nus, centre } = layer.back(tape, of(2), SHARED, { centre: true });
    expect([await listOf(nus[0]), centre]).toEqual([[1], undefined]);
    for (const lower of [
      [plain, shifted],
      [shifted, plain],
    ] as const) {
      const mix = () =>
        mixedDual(tape, { lower, upper, start: of(1) }, { lower: of(0.5) }, SHARED, 1, [], null);
      expect(mix).toThrow("both have a shift, or none");
    }
  });
});
