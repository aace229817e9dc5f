import { describe, expect, it } from "vitest";
import { Tape } from "../../../src/autodiff/index.js";
import { Deadline } from "../../../src/compute/deadline.js";
import { OWN, SHARED } from "../../../src/compute/owners.js";
import {
  addWeights,
  boundOnce,
  climb,
  inspect,
  lowerName,
  SHARES,
  upperName,
} from "../../../src/dual/slopes/dual-rows.js";
import { FreeVariables } from "../../../src/dual/slopes/free-variables.js";
import type { RegionRounding } from "../../../src/dual/slopes/region-rounding.js";
import { relu, tanh } from "../../../src/network/build-layer.js";
import { linesOf } from "../../activations/lines-of.js";
import * as dense from "../rules/dense.js";
import {
  backend,
  boundsOf,
  byHand,
  FREE,
  MARKS,
  OUTPUT,
  placed,
  RELU,
  ROWS,
  regionOf,
  relaxationOf,
  rowsOf,
  SIZES,
  TANH,
} from "./by-hand.js";

const TINY = 1e-12;

describe("bounds of rows over chosen lines", () => {
  it.each(
    [1, ROWS].flatMap((columns) =>
      [true, false].flatMap((constrained) =>
        [OUTPUT, 3, RELU].map((node) => [columns, constrained, node] as const),
      ),
    ),
  )(
    "are equation 8 written out: %d columns, constrained %s, from node %d",
    async (columns, constrained, node) => {
      const rows = rowsOf(columns, node, constrained);
      const expected = byHand(columns, dense.randomMatrix(SIZES[node], ROWS, 80), node, constrained);
      expect(dense.listDistance(await boundOnce(rows), expected.values)).toBeLessThan(TINY);
      const { values, input, traces } = await inspect(rows);
      expect(dense.listDistance(values, expected.values)).toBeLessThan(TINY);
      expect(dense.listDistance(input ?? [], expected.input.values)).toBeLessThan(TINY);
      expect([...traces.keys()].sort()).toEqual([...expected.traces.keys()].sort());
      for (const [at, nu] of traces)
        expect(dense.listDistance(nu, expected.traces.get(at)?.values ?? [])).toBeLessThan(TINY);
    },
  );

  it("of a mix of a case's rows are those of the mixed row, less the mixed bounds", async () => {
    const matrix = dense.randomMatrix(2, 3, 90);
    const bounds = dense.randomMatrix(3, 1, 91);
    const shares = dense.matrix(3, ROWS, (k, row) => ((k + row) % 3 === 0 ? 0.5 : 0.25));
    const rows = rowsOf(1, OUTPUT, false);
    rows.free.add(SHARES, placed(shares), "share");
    const objective = {
      kind: "shared",
      node: OUTPUT,
      matrix: placed(matrix),
      bounds: placed(bounds),
    } as const;
    const { values } = byHand(1, dense.times(matrix, shares), OUTPUT, false);
    const offsets = dense.columnSums(shares, (k) => bounds.values[k]);
    const expected = values.map((value, row) => value - offsets[row]);
    expect(dense.listDistance(await boundOnce({ ...rows, objective }), expected)).toBeLessThan(TINY);
    const outward = { ...rowsOf(1, OUTPUT, false, await regionOf({})), free: rows.free, objective };
    const lower = await boundOnce(outward);
    for (const [row, value] of lower.entries()) {
      expect(value).toBeLessThan(expected[row]);
      expect(value).toBeGreaterThan(expected[row] - 1e-9);
    }
    // What mixing and its constants may be off by grows with them.
    const large = dense.mapped(bounds, (x) => 1e12 * x);
    const far = { ...outward, objective: { ...objective, bounds: placed(large) } };
    const roomy = dense.columnSums(shares, (k) => Math.abs(large.values[k]));
    for (const [row, value] of (await boundOnce(far)).entries()) {
      const exact = values[row] - dense.columnSums(shares, (k) => large.values[k])[row];
      expect(exact - value).toBeGreaterThan(4 * 2 ** -53 * roomy[row]);
      expect(exact - value).toBeLessThan(200 * 2 ** -53 * roomy[row]);
    }
  });
});

describe("bounds of rows where roundings are counted", () => {
  const values = async (rounding: RegionRounding | null) =>
    Array.from(await boundOnce(rowsOf(1, OUTPUT, true, rounding)));
  const nu = dense.randomMatrix(2, ROWS, 80);
  const sizes = dense.columnSums(dense.mapped(nu, Math.abs), () => 1);

  it("lie below those where they are not, by hardly more than roundings", async () => {
    const [exact, outward] = [await values(null), await values(await regionOf({}))];
    for (const [row, value] of outward.entries()) {
      expect(value).toBeLessThan(exact[row]);
      expect(value).toBeGreaterThan(exact[row] - 1e-11);
    }
  });

  it("lose what rounding at the output comes to, and what underflows on the way", async () => {
    const exact = await values(null);
    const [error, floor] = [
      await values(await regionOf({ error: 0.5 })),
      await values(await regionOf({ floor: 0.25 })),
    ];
    for (const row of exact.keys()) {
      expect(exact[row] - error[row]).toBeGreaterThan(0.5 * sizes[row]);
      expect(exact[row] - error[row]).toBeLessThan(0.52 * sizes[row]);
      expect(exact[row] - floor[row]).toBeGreaterThan(0.25);
      expect(exact[row] - floor[row]).toBeLessThan(0.25 + 1e-9);
    }
    const sized = await values(await regionOf({ size: 1e12 }));
    for (const row of exact.keys()) {
      expect(exact[row] - sized[row]).toBeGreaterThan(1e12 * sizes[row] * 2 ** -53 * 2);
      expect(exact[row] - sized[row]).toBeLessThan(1e12 * sizes[row] * 2 ** -53 * 300);
    }
  });

  it.each([1, 3])(
    "lose what has gathered at node %d, through the steepest line that may be chosen",
    async (at) => {
      const exact = byHand(1, nu, OUTPUT, true);
      const outward = await values(await regionOf({ error: 0.125, at }));
      const { lower, upper } = boundsOf(1).get(at) ?? { lower: nu, upper: nu };
      const layer = at === 1 ? relu() : tanh();
      const steepest = (f: number) => {
        const [l, u] = [lower.values[f], upper.values[f]];
        const slopes = (["adaptive", "parallel"] as const).flatMap((method) => {
          const lines = linesOf(layer, method, l, u);
          return [lines.lower.slope, lines.upper.slope];
        });
        return at === 1 && l < 0 && u > 0 ? 1 : Math.max(...slopes);
      };
      const trace = exact.traces.get(at + 1) ?? nu;
      const lost = dense.columnSums(dense.mapped(trace, Math.abs), (f) => 0.125 * steepest(f));
      // A constraint on what was rounded may be off by as much.
      const pulled = dense.columnSums(FREE.pull, (f, row) =>
        at === 1 ? 0.125 * MARKS.values[f * ROWS + row] : 0,
      );
      for (const [row, value] of outward.entries()) {
        const by = exact.values[row] - value;
        expect(by).toBeGreaterThan(lost[row] + pulled[row]);
        expect(by).toBeLessThan(1.05 * (lost[row] + pulled[row]) + 1e-9);
      }
    },
  );

  it("is not known at nodes that nothing is said of", async () => {
    const region = await regionOf({});
    const nodes = new Map([...region.nodes].filter(([node]) => node !== OUTPUT));
    await expect(values({ ...region, nodes })).rejects.toThrow("node 5 has no rounding");
  });
});

describe("a climb", () => {
  const noHurry = () => Deadline.in(3600);

  it("gives the best bound of each row, of its first look on, and moves nothing after its last", async () => {
    const rows = rowsOf(1, OUTPUT, true);
    const seen: Float64Array[] = [];
    const onBounds = async (bounds: ArrayLike<number>) => {
      seen.push(Float64Array.from(bounds));
    };
    const first = Float64Array.from(await boundOnce(rows));
    const best = await climb(rows, {
      iterations: 6,
      deadline: noHurry(),
      target: Number.POSITIVE_INFINITY,
      onBounds,
    });
    expect(seen.length).toBe(6);
    expect(dense.listDistance(seen[0], first)).toBeLessThan(TINY);
    const most = first.map((_, row) => Math.max(...seen.map((own) => own[row])));
    expect(Array.from(best)).toEqual(Array.from(most));
    expect(best.some((value, row) => value > first[row] + 1e-3)).toBe(true);
    expect(dense.listDistance(await boundOnce(rows), seen[5])).toBeLessThan(TINY);
    // Whatever the variables have become, it is a bound, as they stay where they may be.
    for (const name of rows.free.names) {
      const values = await backend.read(rows.free.get(name));
      expect(values.every((value) => value >= 0 && (name === "pull" || value <= 1))).toBe(true);
    }
  });

  it("ends where all rows are above the target, and no earlier", async () => {
    const counted = async (target: number, deadline = noHurry()) => {
      let count = 0;
      const onBounds = async () => {
        count += 1;
      };
      await climb(rowsOf(1, OUTPUT, false), { iterations: 4, deadline, target, onBounds });
      return count;
    };
    const first = Array.from(await boundOnce(rowsOf(1, OUTPUT, false)));
    expect(await counted(Math.min(...first) - 1e-9)).toBe(1);
    expect(await counted(Math.max(...first) + 1e9)).toBe(4);
    expect(await counted((Math.min(...first) + Math.max(...first)) / 2)).toBeGreaterThan(1);
    expect(await counted(Number.POSITIVE_INFINITY, Deadline.in(-1))).toBe(1);
  });

  it("begins with weights of CROWN's lines for every activation at or below its node", async () => {
    for (const [columns, owners] of [
      [1, SHARED],
      [ROWS, OWN],
    ] as const) {
      const { relaxation } = relaxationOf(columns);
      using free = new FreeVariables(backend);
      addWeights(free, relaxation, OUTPUT, owners, ROWS);
      expect(free.names).toEqual([lowerName(RELU), lowerName(TANH), upperName(TANH)]);
      const own = await backend.read(free.get(lowerName(RELU)));
      using tape = new Tape(backend, { record: false });
      const start = await dense.downloaded(tape, relaxation.enclosure(RELU).start);
      const each = dense.matrix(4, ROWS, (f, row) => start.values[f * columns + (columns === 1 ? 0 : row)]);
      expect(Array.from(own)).toEqual(Array.from(each.values));
      for (const name of [lowerName(TANH), upperName(TANH)])
        expect(Array.from(await backend.read(free.get(name)))).toEqual(new Array(3 * ROWS).fill(1));
      using few = new FreeVariables(backend);
      addWeights(few, relaxation, 3, owners, ROWS);
      expect(few.names).toEqual([lowerName(RELU)]);
    }
  });
});
