import { describe, expect, it, vi } from "vitest";
import { Deadline } from "../../src/compute/deadline.js";
import { boundOnce } from "../../src/dual/slopes/dual-rows.js";
import { relu, tanh } from "../../src/network/build-layer.js";
import type { Layer } from "../../src/network/layer.js";
import type { NeuronSplit } from "../../src/verify/branch.js";
import { BranchRows } from "../../src/verify/branch-rows.js";
import { settleLeaf } from "../../src/verify/leaf.js";
import { LeafRecord } from "../../src/verify/leaf-record.js";
import type { OutputCase } from "../../src/verify/question.js";
import { above, below, branched, branchOf, caseOf, region, subject, twoLayers } from "./by-hand.js";

/** z = (x, 1 − x), r by an activation; y = (r₀ + 2 r₁, r₀ − r₁). Between −1 and 3. */
const hingeOf = (activation: Layer = relu()) =>
  subject(
    twoLayers(
      [[1], [-1]],
      [0, 1],
      [
        [1, 2],
        [1, -1],
      ],
      [0, 0],
      activation,
    ),
  );
const hinge = hingeOf();
/** z = (a + b − 1, a − b − ½, a + 5); y = 0.1 r₀ + 0.2 r₁ + r₂, over a in [0, 2] and b in [−1, 1]. */
const wedge = subject(
  twoLayers(
    [
      [1, 1],
      [1, -1],
      [1, 0],
    ],
    [-1, -0.5, 5],
    [[0.1, 0.2, 1]],
    [0],
  ),
);

async function leafOf(own: OutputCase, splits: readonly NeuronSplit[], deadline?: Deadline) {
  const box = await branched(hinge, region([-1], [3]), own);
  const branch = branchOf(splits);
  using batch = await BranchRows.of(box, [branch], { refresh: false });
  return await settleLeaf(box, branch, batch, deadline);
}

describe("a branch in which everything is decided", () => {
  it.each([
    // 0 ≤ x ≤ 1: y₀ = 2 − x.
    ["between two kinks", [above(0), above(1)], [[1, 0]], [0.5], 0.5, 1],
    // x ≥ 1: y₀ = x, x ≤ 0: y₀ = 2 − 2x.
    ["above the second", [above(0), below(1)], [[1, 0]], [0.5], 0.5, 1],
    ["above it, downwards: at the end of the box", [above(0), below(1)], [[-1, 0]], [0.5], -3.5, 3],
    ["below the first", [below(0), above(1)], [[1, 0]], [0.5], 1.5, 0],
    ["below it, downwards", [below(0), above(1)], [[-1, 0]], [0], -4, -1],
    // Values that are not 0: ½ ≤ x ≤ ¾, x ≤ −¼, and x ≥ 1 + ½.
    ["between values", [above(0, 0.5), above(1, 0.25)], [[1, 0]], [0], 1.25, 0.75],
    ["below a value", [below(0, -0.25), above(1)], [[1, 0]], [0], 2.5, -0.25],
    ["below another", [above(0), below(1, -0.5)], [[1, 0]], [0], 1.5, 1.5],
    // 2 − x − ½ and 2x − 1 + ½ meet at ⅔.
    [
      "where two rows meet",
      [above(0), above(1)],
      [
        [1, 0],
        [0, 1],
      ],
      [0.5, -0.5],
      5 / 6,
      2 / 3,
    ],
    // −x and x/2 − 6 would meet beyond the box.
    [
      "where rows meet outside",
      [above(0), below(1)],
      [
        [-1, 0],
        [0, 0.5],
      ],
      [0, 6],
      -3,
      3,
    ],
  ] as const)("has the linear program's least value: %s", async (_, splits, rows, bounds, least, at) => {
    const { bound, point } = await leafOf(caseOf(rows, [...bounds]), splits);
    expect(bound).toBeLessThanOrEqual(least);
    expect(bound).toBeCloseTo(least, 7);
    expect(point).toHaveLength(1);
    expect(point?.[0]).toBeCloseTo(at, 6);
  });

  it("takes each decision by its own multiplier", async () => {
    // 1.3 a − 0.1 b + 4.8 over a + b ≥ 1 and a − b ≥ ½: 0.6 and 0.7 of them, at (¾, ¼).
    const box = await branched(wedge, region([0, -1], [2, 1]), caseOf([[1]], [0]));
    const branch = branchOf([above(0), above(1)]);
    using batch = await BranchRows.of(box, [branch], { refresh: false });
    const { bound, point } = await settleLeaf(box, branch, batch);
    expect(bound).toBeLessThanOrEqual(5.75);
    expect(bound).toBeCloseTo(5.75, 7);
    expect(Array.from(point ?? [])).toEqual([expect.closeTo(0.75, 6), expect.closeTo(0.25, 6)]);
    const [{ multipliers }] = await batch.warmStarts();
    expect(Array.from(multipliers)).toEqual([expect.closeTo(0.6, 5), expect.closeTo(0.7, 5)]);
  });

  it("without an input is proved, whatever is asked", async () => {
    // x ≤ 0 and x ≥ 1; x ≥ 2 and 1 − x ≥ ½.
    for (const splits of [
      [below(0), below(1)],
      [above(0, 2), above(1, 0.5)],
    ]) {
      const { bound } = await leafOf(caseOf([[1, 0]], [1e3]), splits);
      expect(bound).toBeGreaterThan(0);
    }
  });

  it("leaves nothing behind", async () => {
    const own = await branched(hinge, region([-1], [3]), caseOf([[1, 0]], [0.5]));
    const branch = branchOf([above(0), above(1)]);
    using batch = await BranchRows.of(own, [branch], { refresh: false });
    await settleLeaf(own, branch, batch);
    const before = own.subject.backend.memory().liveBytes;
    await settleLeaf(own, branch, batch);
    expect(own.subject.backend.memory().liveBytes).toBe(before);
  });

  it("is not proved where the program says nothing", async () => {
    const { bound, point } = await leafOf(caseOf([[Number.NaN, 0]], [0]), [above(0), above(1)]);
    expect([bound, point]).toEqual([Number.NEGATIVE_INFINITY, null]);
  });

  it("is left where the time is over", async () => {
    const own = caseOf([[1, 0]], [0.5]);
    await expect(leafOf(own, [above(0)], Deadline.in(-1))).rejects.toThrow("the time is over");
    expect((await leafOf(own, [above(0), above(1)], Deadline.in(60))).bound).toBeCloseTo(0.5, 7);
  });
});

describe("what is kept of proved branches", () => {
  async function kept(use: (record: LeafRecord, batch: BranchRows) => Promise<void>, own = hinge) {
    const box = await branched(
      own,
      region([-1], [3]),
      caseOf(
        [
          [1, 0],
          [0, 1],
        ],
        [0, 0],
      ),
    );
    const weights = new Map([
      ["lower 2", Float32Array.of(0.25, 0.75)],
      ["upper 2", Float32Array.of(0.5, 1)],
    ]);
    const shares = Float32Array.of(0.25, 0.75);
    const branches = [
      branchOf([above(0)], { warm: { weights, multipliers: Float32Array.of(0.5), shares } }),
      branchOf([above(1), below(0)], { warm: { weights, multipliers: Float32Array.of(1, 2), shares } }),
      branchOf([]),
    ];
    using batch = await BranchRows.of(box, branches, { refresh: false });
    await boundOnce(batch.rows);
    await use(new LeafRecord(box.unstable, batch), batch);
  }

  it("is the variables of those alone that are bounded above 0", async () => {
    await kept(async (record) => {
      await record.take([0, 0.5, Number.NaN]);
      expect([record.leaf(0), record.leaf(2), record.leaf(3)]).toEqual([undefined, undefined, undefined]);
      const leaf = record.leaf(1);
      expect(leaf).toMatchObject({ kind: "leaf", bound: 0.5 });
      expect(Array.from(leaf?.shares ?? [])).toEqual([0.25, 0.75]);
      expect(Array.from(leaf?.multipliers ?? [])).toEqual([1, 2]);
      // z₀ is decided to be below 0 and z₁ above: slopes 0 and 1, without a choice of an upper line.
      expect(Array.from(leaf?.slopes?.keys() ?? [])).toEqual([2]);
      expect(Array.from(leaf?.slopes?.get(2)?.lower ?? [])).toEqual([0, 1]);
      expect(leaf?.slopes?.get(2)).not.toHaveProperty("upper");
      await record.take([-1, -1, 2]);
      expect(record.leaf(2)).toMatchObject({ bound: 2 });
      expect(record.leaf(0)).toBeUndefined();
    });
  });

  it("is of each the best bound", async () => {
    await kept(async (record) => {
      await record.take([0.5, 0.5, -1]);
      const first = record.leaf(0);
      expect(Array.from(first?.slopes?.get(2)?.lower ?? [])).toEqual([1, 0.75]);
      await record.take([0.25, 0.75, Number.NaN]);
      expect(record.leaf(0)).toBe(first);
      expect(record.leaf(1)?.bound).toBe(0.75);
      await record.take([0.5, 0, 0]);
      expect(record.leaf(0)).toBe(first);
    });
  });

  it("has slopes of upper lines where those are chosen as well", async () => {
    await kept(async (record) => {
      await record.take([0.5, -1, -1]);
      const slopes = record.leaf(0)?.slopes?.get(2);
      expect([slopes?.lower.length, slopes?.upper?.length]).toEqual([2, 2]);
      expect(slopes?.upper).not.toEqual(slopes?.lower);
    }, hingeOf(tanh()));
  });

  it("costs nothing where no branch is proved", async () => {
    await kept(async (record, batch) => {
      const looked = vi.spyOn(batch, "warmStarts");
      await record.take([0, -1, Number.NaN]);
      expect(looked).not.toHaveBeenCalled();
    });
  });
});
