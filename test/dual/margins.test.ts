import { describe, expect, it, vi } from "vitest";
import { Tape, type Variable } from "../../src/autodiff/index.js";
import { IEEE } from "../../src/compute/arithmetic.js";
import { indexedOwners } from "../../src/compute/owners.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import type { DualGraph } from "../../src/dual/dual-graph.js";
import type { ErrorPass } from "../../src/dual/error-pass.js";
import { forwardMargins } from "../../src/dual/forward-margins.js";
import type { Stream } from "../../src/dual/generators.js";
import { settleKnown } from "../../src/dual/known-bounds.js";
import { allMargins, checkLabels, type Margin, objectiveOf, placed } from "../../src/dual/margin.js";
import { settleMargins } from "../../src/dual/open-margins.js";
import { Rounding } from "../../src/dual/rounding.js";
import { ShapeError, UsageError } from "../../src/errors.js";
import { linear } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { CHAIN, column, expectNumbers, matrix, read, tape } from "./rounding-tape.js";

const LABELS = Int32Array.of(2, 0);
const MARGINS: readonly Margin[] = [
  { example: 0, label: 2, other: 0 },
  { example: 0, label: 2, other: 1 },
  { example: 1, label: 0, other: 1 },
  { example: 1, label: 0, other: 2 },
];

describe("margins", () => {
  it("are those of every class but the label, example by example", () => {
    expect(allMargins(LABELS, 3)).toEqual(MARGINS);
  });

  it("have the objective z_label − z_other", () => {
    expect([...objectiveOf(MARGINS, 3)]).toEqual([...[-1, 0, 1, 1], ...[0, -1, -1, 0], ...[1, 1, 0, -1]]);
  });

  it("are placed by class and example, with 0 for the label", async () => {
    const lower = matrix([5, 6, 7, 8]);
    expect(await read(placed(tape, lower, MARGINS, 3, 2))).toEqual([5, 0, 6, 7, 0, 8]);
    expect(placed(tape, lower, MARGINS, 3, 2).value.rows).toBe(2);
  });

  it("need a class for each example", () => {
    expect(() => checkLabels(LABELS, 3, 2)).not.toThrow();
    expect(() => checkLabels(Int32Array.of(1, 0), 2, 2)).not.toThrow();
    expect(() => checkLabels(LABELS, 3, 1)).toThrow(ShapeError);
    expect(() => checkLabels(LABELS, 3, 3)).toThrow(/labels: expected 3, got 2/);
    for (const bad of [-1, 3, 4]) {
      expect(() => checkLabels(Int32Array.of(0, bad), 3, 2)).toThrow(
        `labels: label ${bad} of example 1 is not among 3 classes`,
      );
    }
    expect(() => checkLabels(Int32Array.of(3, 0), 3, 2)).toThrow(/label 3 of example 0/);
    expect(() => checkLabels(Int32Array.of(0), 1, 1)).toThrow(UsageError);
    expect(() => checkLabels(Int32Array.of(0), 1, 1)).toThrow(/two outputs or more, this network has 1/);
  });
});

describe("open margins", () => {
  /** Three of example 0, two of example 1, one of example 2. */
  const margins: readonly Margin[] = [
    ...[1, 2, 3].map((other) => ({ example: 0, label: 0, other })),
    ...[0, 2].map((other) => ({ example: 1, label: 1, other })),
    { example: 2, label: 2, other: 0 },
  ];
  const settle = async (
    loose: readonly number[],
    own: Readonly<Record<number, number>>,
    isHopeless: (margin: Margin, bound: number) => boolean = () => false,
  ) => {
    const asked: number[][] = [];
    const boundRows = vi.fn(async (rows: readonly Margin[]): Promise<Variable> => {
      const places = rows.map((row) => margins.indexOf(row));
      asked.push(places);
      return column(...places.map((place) => own[place]));
    });
    const { bounds, bounded } = await settleMargins(tape, margins, column(...loose), isHopeless, boundRows);
    return { found: await read(bounds), bounded, asked };
  };

  it("are bounded by rows of their own, of each example the most doubtful first", async () => {
    const loose = [-1, -3, 0, 1, -2, 5];
    const { found, bounded, asked } = await settle(loose, { 0: 10, 1: 20, 2: 30, 4: 40 });
    expect(asked).toEqual([
      [1, 4],
      [0, 2],
    ]);
    expect(found).toEqual([10, 20, 30, 1, 40, 5]);
    expect(bounded).toBe(4);
  });

  it("stay open where a bound is 0, no number, or infinite: none of them is a proof", async () => {
    const { asked } = await settle([0, 2, 3, Number.NaN, 2, Number.POSITIVE_INFINITY], { 0: 1, 3: 1, 5: 1 });
    expect(asked).toEqual([[0, 3, 5]]);
  });

  it("are left where another of the example is hopeless, and only there", async () => {
    const isHopeless = vi.fn(({ example }: Margin, bound: number) => example === 0 && bound < 0);
    const { found, bounded, asked } = await settle(
      [-1, -3, -2, -1, -2, 1],
      { 1: -5, 3: 7, 4: -6 },
      isHopeless,
    );
    expect(asked).toEqual([[1, 4], [3]]);
    expect(found).toEqual([-1, -5, -2, 7, -6, 1]);
    expect(bounded).toBe(3);
    expect(isHopeless.mock.calls).toEqual([
      [margins[1], -5],
      [margins[4], -6],
    ]);
  });

  it("take the first of those that are as doubtful", async () => {
    const { asked } = await settle([-2, -2, -3, -1, -1, 1], { 0: 1, 1: 1, 2: 1, 3: 1, 4: 1 });
    expect(asked).toEqual([
      [2, 3],
      [0, 1, 4],
    ]);
  });

  it("that are none ask for nothing", async () => {
    const { found, bounded, asked } = await settle([1, 2, 3, 4, 5, 6], {});
    expect([found, bounded, asked]).toEqual([[1, 2, 3, 4, 5, 6], 0, []]);
  });
});

describe("margins by generators", () => {
  const { roundoff: u } = IEEE.float32;
  const network = sequential([1], [linear(3)]);
  // Two columns of example 0 and one of example 1 at the input, one of example 0 at an activation.
  const streams = (): readonly Stream[] => [
    {
      ...{ origin: 0, order: 2 as const, owners: indexedOwners(Int32Array.of(0, 0, 1)) },
      generators: matrix([3, 0, 1], [0, 4, 1], [0, 0, 2]),
    },
    {
      ...{ origin: 1, order: 1 as const, owners: indexedOwners(Int32Array.of(0)) },
      generators: matrix([1], [-2], [4]),
    },
  ];
  const CENTRE = [
    [10, 20],
    [1, 2],
    [30, -5],
  ];
  const graph = (rounding: Rounding | null) => ({ network, rounding }) as DualGraph;
  const arrived = (errors?: Variable) => ({
    labels: LABELS,
    output: { centre: matrix(...CENTRE), radius: matrix([1, 1], [1, 1], [1, 1]), precision: "dual" as const },
    streams: streams(),
    errors: { at: vi.fn(() => errors) } as unknown as ErrorPass,
  });
  /** ‖difference of the input's columns‖₂ + |difference of the activation's|. */
  const RADII = [
    [3 + 3, 0],
    [4 + 6, 0],
    [0, 3],
  ];
  const EXACT = [
    [30 - 10 - RADII[0][0], 0],
    [30 - 1 - RADII[1][0], 20 - 2 - 0],
    [0, 20 + 5 - 1],
  ];

  it("are those of the zonotope", async () => {
    const found = forwardMargins(tape, graph(null), arrived());
    expect(await read(found)).toEqual(EXACT.flat());
  });

  it("are less by the rounding of both logits, of the centre, of columns and of their differences", async () => {
    const rounding = new Rounding("float32", network, "float32", { summed: false });
    const errors = () => matrix([2 ** -4, 2 ** -5], [2 ** -6, 2 ** -7], [2 ** -8, 2 ** -9]);
    for (const before of [undefined, errors()]) {
      const own = arrived(before);
      const found = await read(forwardMargins(tape, graph(rounding), own));
      expect(own.errors.at).toHaveBeenCalledWith(network.output);
      const output = await read(rounding.ofObjective(tape, rounding.gathered(own.output), 3));
      const further = before ? await read(before) : output.map(() => 0);
      const logit = output.map((x, i) => x + further[i]);
      // Σ of columns of each logit alone: their differences are rounded by as much of these.
      const alone = [3 + 1, 1, 4 + 2, 1, 4, 2];
      for (const [i, exact] of EXACT.flat().entries()) {
        const [example, label] = [i % 2, 2 * LABELS[i % 2] + (i % 2)];
        const radius = [6, 0, 10, 0, 0, 1][i];
        const both = logit[i] + logit[label];
        const grown = (await read(rounding.ofColumns(tape, column(radius), 4)))[0];
        const ends = [alone[i], alone[label]].map((x) => rounding.growth(4) * x);
        const width = (grown + both + 8 * u * (ends[0] + ends[1])) * (1 + 8 * u);
        const centre = CENTRE[LABELS[example]][example] - CENTRE[Math.floor(i / 2)][example];
        const expected = centre - width - 8 * u * Math.abs(centre - width);
        expect(found[i], `margin ${i}`).toBeLessThan(exact);
        expect(Math.abs(found[i] - expected)).toBeLessThan(1e-13);
      }
    }
  });
});

describe("bounds that are known", () => {
  const known = { lower: Float64Array.of(-3, -1), upper: Float64Array.of(1, 5) };
  const box = () => ({ centre: column(-0.5, 3), radius: column(100, 100), precision: "loose" as const });

  it("make the box that reaches to the farther one", async () => {
    const found = settleKnown(tape, null, box(), known);
    expect(await read(found.bounds.lower)).toEqual([-3, -1]);
    expect(await read(found.bounds.upper)).toEqual([1, 5]);
    expect(await read(found.box.radius)).toEqual([2.5, 4]);
    expect(await read(found.box.centre)).toEqual([-0.5, 3]);
    expect(found.box.precision).toBe("dual");
    const below = settleKnown(tape, null, { ...box(), centre: column(-2, 7) }, known);
    expect(await read(below.box.radius)).toEqual([3, 8]);
  });

  it("have no width below 0 where they cross", async () => {
    const crossed = { lower: Float64Array.of(3, 0), upper: Float64Array.of(1, 0) };
    const found = settleKnown(tape, null, { ...box(), centre: column(2, 0) }, crossed);
    expect(await read(found.box.radius)).toEqual([0, 0]);
  });

  it("are made wider by four roundings of the distance", async () => {
    const rounding = new Rounding("float32", CHAIN, "float32", { summed: false });
    const found = settleKnown(tape, rounding, box(), known);
    await expectNumbers(found.box.radius, await read(rounding.up(tape, column(2.5, 4))));
    // Double precision has these numbers as they are.
    expect(await read(found.bounds.lower)).toEqual([-3, -1]);
    expect(await read(found.bounds.upper)).toEqual([1, 5]);
  });

  it("hold in single precision, which does not have them", async () => {
    const backend = createPortableBackend({ dtype: "float32" });
    const single = new Tape(backend, { record: false });
    const up = (...values: number[]) => single.own(backend.upload(2, 1, Float64Array.from(values)));
    const own = { centre: up(0, 0), radius: up(0, 0), precision: "loose" as const };
    const between = 1 + 2 ** -24;
    const numbers = {
      lower: Float64Array.of(between - 2 ** -30, -between),
      upper: Float64Array.of(between, -between + 2 ** -30),
    };
    const rounding = new Rounding("float32", CHAIN, "float32", { summed: false });
    const { bounds } = settleKnown(single, rounding, own, numbers);
    const [lower, upper] = await Promise.all([
      backend.read(bounds.lower.value),
      backend.read(bounds.upper.value),
    ]);
    for (const i of [0, 1]) {
      expect(lower[i]).toBeLessThan(numbers.lower[i]);
      expect(upper[i]).toBeGreaterThan(numbers.upper[i]);
    }
    // Where roundings are not counted, they are taken as they are.
    const plain = settleKnown(single, null, own, {
      lower: Float64Array.of(1, 1),
      upper: Float64Array.of(2, 2),
    });
    expect([...(await backend.read(plain.bounds.lower.value))]).toEqual([1, 1]);
    expect([...(await backend.read(plain.bounds.upper.value))]).toEqual([2, 2]);
  });
});
