import { describe, expect, it } from "vitest";
import { Deadline } from "../../src/compute/deadline.js";
import { boundOnce } from "../../src/dual/slopes/dual-rows.js";
import { tanh } from "../../src/network/build-layer.js";
import type { Branch, WarmStart } from "../../src/verify/branch.js";
import { BranchRows } from "../../src/verify/branch-rows.js";
import type { OutputCase } from "../../src/verify/question.js";
import {
  above,
  below,
  branched,
  branchOf,
  caseOf,
  region,
  subject,
  threeLayers,
  twoLayers,
} from "./by-hand.js";

const layers = [
  [[1], [-1]],
  [0, 1],
  [
    [1, 2],
    [1, -1],
  ],
  [0, 0],
] as const;
const model = (activation?: ReturnType<typeof tanh>) => {
  const [w1, b1, w2, b2] = layers;
  return twoLayers(w1, [...b1], w2, [...b2], activation);
};
/** z = (x, 1 − x), between −1 and 3 and between −2 and 2; r = relu(z); y = (r₀ + 2 r₁, r₀ − r₁). */
const hinge = subject(model());
const box = region([-1], [3]);

const warm = (weights: number[], multipliers: number[], shares: number[] = [1]): WarmStart => ({
  weights: new Map([["lower 2", Float32Array.from(weights)]]),
  multipliers: Float32Array.from(multipliers),
  shares: Float32Array.from(shares),
});

async function boundsOf(own: OutputCase, branches: readonly Branch[]) {
  using batch = await BranchRows.of(await branched(hinge, box, own), branches, { refresh: false });
  return Array.from(await boundOnce(batch.rows));
}

/** Below what it is, by no more than rounding. */
function expectAbout(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) {
    expect(found[i]).toBeLessThanOrEqual(value);
    expect(found[i]).toBeCloseTo(value, 9);
  }
}

/** y₀ ≤ ½ and y₁ ≤ −½. */
const BOTH = caseOf(
  [
    [1, 0],
    [0, 1],
  ],
  [0.5, -0.5],
);

describe("rows of branches", () => {
  it("go through the lines and multipliers that each was left with", async () => {
    // x + 2w(1 − x) + β(v − x) where x ≥ v, and w₀x + 2w₁(1 − x) + β(1 − x − v) where 1 − x ≤ v.
    const found = await boundsOf(caseOf([[1, 0]], [0.25]), [
      branchOf([above(0)], { warm: warm([0, 0.5], [0.5]) }),
      branchOf([above(0, 0.5)], { warm: warm([0, 0.5], [0.5]) }),
      branchOf([below(1, 1)], { warm: warm([1, 0.5], [0.25]) }),
      branchOf([below(1, -0.5)], { warm: warm([1, 0.25], [1]) }),
      branchOf([above(0), below(1, 1)], { warm: warm([0.5, 0.5], [0.5, 0.25]) }),
      // Without any: CROWN's lines, x and 0.
      branchOf([]),
      branchOf([above(0), below(1)]),
    ]);
    expectAbout(found, [
      1 - 1.5 - 0.25,
      1 + 0.5 * (0.5 - 3) - 0.25,
      1 - 0.75 - 0.25,
      // Decided: 0 · (1 − x) beside x + (1 − x + ½).
      1.5 - 0.25,
      1 - 0.5 * 3 - 0.25 * 3 - 0.25,
      -1 - 0.25,
      -1 - 0.25,
    ]);
  });

  it("count of several decisions about a neuron the last, and its multiplier", async () => {
    const found = await boundsOf(caseOf([[1, 0]], [0]), [
      branchOf([above(0), above(0, 0.5)], { warm: warm([0, 0.5], [7, 0.5]) }),
      branchOf([above(0, 0.25), below(1, 1), above(0, 0.5)], { warm: warm([0, 0.5], [7, 0.25, 0.5]) }),
    ]);
    expectAbout(found, [1 + 0.5 * (0.5 - 3), 1 + 0.5 * (0.5 - 3) - 0.25 * 3]);
  });

  it("share a case's rows as they were left, equally at first", async () => {
    const own = caseOf(
      [
        [1, 0],
        [0, 1],
      ],
      [0.5, -0.25],
    );
    // x + (1 − x) − ½; x − ½(1 − x + 2) + ¼ by the chord of r₁; and where all is decided 2 − x − ½ and 2x − 1 + ¼.
    const found = await boundsOf(own, [
      branchOf([above(0)], { warm: warm([0, 0.5], [0], [1, 0]) }),
      branchOf([above(0)], { warm: warm([0, 0.5], [0], [0, 1]) }),
      branchOf([above(0), above(1)], { warm: warm([0, 0], [0, 0], [0.25, 0.75]) }),
      branchOf([above(0), above(1)]),
    ]);
    expectAbout(found, [0.5, -1 - 2 + 0.25, 0.25 * 2.5 + 0.75 * -2.75, 0.375 - 0.5]);
  });

  it("take a case's bounds up to a number of the arithmetic, so that less is proved", async () => {
    // 0.7 is no single; y₀ = 0.7 + x over the point 0 does not exceed it.
    const single = subject(twoLayers([[1]], [1], [[1]], [0]), "float32");
    const own = caseOf([[1]], [1.7]);
    using batch = await BranchRows.of(await branched(single, region([0.7], [0.7]), own), [branchOf([])], {
      refresh: false,
    });
    expect((await boundOnce(batch.rows))[0]).toBeLessThanOrEqual(0);
    const { objective } = batch.rows;
    const [bound] = objective.kind === "shared" ? await single.backend.read(objective.bounds) : [0];
    expect(bound).toBeGreaterThanOrEqual(1.7);
  });

  it("are set from outside, of one branch", async () => {
    const own = await branched(hinge, box, BOTH);
    using batch = await BranchRows.of(own, [branchOf([above(0), above(1), below(0, 2)])], { refresh: false });
    batch.setVariables([0.25, 0.75], [0.5, 0.125, 2]);
    const [{ shares, multipliers }] = await batch.warmStarts();
    expect([Array.from(shares), Array.from(multipliers)]).toEqual([
      [0.25, 0.75],
      [0.5, 0.125, 2],
    ]);
    // ¼(1½ − x) + ¾(2x − ½) − ½x − ⅛(1 − x) + 2(x − 2) at −1.
    expectAbout(await boundOnce(batch.rows).then((bounds) => Array.from(bounds)), [
      0.25 * 2.5 + 0.75 * -2.5 + 0.5 - 0.125 * 2 + 2 * -3,
    ]);
  });
});

describe("variables of branches", () => {
  it("are given back as they were taken, each branch its own", async () => {
    const own = await branched(hinge, box, BOTH);
    const given = [
      warm([0.25, 0.5], [0.5, 0.25, 4], [0.25, 0.75]),
      warm([0.75, 0.125], [], [0.5, 0.5]),
      warm([1, 0], [2], [1, 0]),
    ];
    const branches = [
      branchOf([above(0), below(1), below(0, 2)], { warm: given[0] }),
      branchOf([], { warm: given[1] }),
      branchOf([below(1)], { warm: given[2] }),
      branchOf([above(1)]),
    ];
    using batch = await BranchRows.of(own, branches, { refresh: false });
    const found = await batch.warmStarts();
    expect(found.slice(0, 3)).toEqual(given);
    expect(found[3].multipliers).toEqual(Float32Array.of(0));
    expect(found[3].shares).toEqual(Float32Array.of(0.5, 0.5));
    expect([...found[3].weights.keys()]).toEqual(["lower 2"]);
    const weights = found[3].weights.get("lower 2");
    expect(weights?.[0]).toBe(1);
  });

  it("are those of upper lines as well where there are two", async () => {
    const own = await branched(subject(model(tanh())), box, caseOf([[1, 0]], [0]));
    const weights = new Map([
      ["lower 2", Float32Array.of(0.25, 0.5)],
      ["upper 2", Float32Array.of(0.75, 0.125)],
    ]);
    const branches = [
      branchOf([], { warm: { weights, multipliers: new Float32Array(), shares: Float32Array.of(1) } }),
      branchOf([]),
    ];
    using batch = await BranchRows.of(own, branches, { refresh: false });
    const [first, second] = await batch.warmStarts();
    expect(first.weights).toEqual(weights);
    expect(second.weights.get("upper 2")).toEqual(Float32Array.of(1, 1));
  });

  it("are released, where the work is ended too", async () => {
    const own = await branched(hinge, box, caseOf([[1, 0]], [0]));
    const { backend } = own.subject;
    const before = backend.memory().liveBytes;
    {
      using batch = await BranchRows.of(own, [branchOf([above(0), below(1, 1)])], { refresh: true });
      await batch.warmStarts();
      batch.setVariables([1], [0.5, 0.5]);
    }
    expect(backend.memory().liveBytes).toBe(before);
  });

  it("are about the bounds above the last decision computed again, where that is asked for", async () => {
    // t = 1½ − r₀ − r₁ is ½ where both are above 0, and at least −½ by itself.
    const deep = subject(
      threeLayers([
        [
          [[1], [-1]],
          [0, 1],
        ],
        [[[-1, -1]], [1.5]],
        [[[1]], [0]],
      ]),
    );
    const own = await branched(deep, region([-1], [2]), caseOf([[1]], [0]));
    const branches = [branchOf([above(0), above(1)])];
    const before = deep.backend.memory().liveBytes;
    for (const [refresh, lower] of [
      [true, 0.5],
      [false, -0.5],
    ] as const) {
      using batch = await BranchRows.of(own, branches, { refresh });
      const [bounds] = await batch.bounds.read();
      expect(bounds.get(4)?.lower[0]).toBeCloseTo(lower, 9);
    }
    const limits = { signal: Deadline.in(-1) };
    await expect(BranchRows.of(own, branches, { refresh: true, limits })).rejects.toThrow("the time is over");
    expect(deep.backend.memory().liveBytes).toBe(before);
  });

  it("have no constant of decisions at 0", async () => {
    const own = await branched(hinge, box, caseOf([[1, 0]], [0]));
    const branches = [branchOf([above(0), below(1)]), branchOf([above(1), below(1, 0.5)])];
    using batch = await BranchRows.of(own, branches, { refresh: false });
    expect(batch.rows.constraints.map(({ side, values }) => [side, values === null])).toEqual([
      ["above", true],
      ["below", false],
    ]);
  });
});
