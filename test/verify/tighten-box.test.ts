import { describe, expect, it } from "vitest";
import { Budget } from "../../src/compute/budget.js";
import { Deadline } from "../../src/compute/deadline.js";
import { AffineLayers } from "../../src/dual/slopes/relaxation.js";
import { crownBounds } from "../../src/dual/slopes/tighten.js";
import { tightenBox } from "../../src/verify/tighten-box.js";
import { region, subject, threeLayers } from "./by-hand.js";

describe("a box's tightened bounds", () => {
  // r₀ + r₁ − 1 of r = relu(x, 1 − x) is 0 between 0 and 1; by lines at least −½.
  const deep = subject(
    threeLayers([
      [
        [[1], [-1]],
        [0, 1],
      ],
      [
        [
          [1, -1],
          [-1, -1],
        ],
        [0.5, 1.5],
      ],
      [[[1, 1]], [0]],
    ]),
  );
  const box = region([-1], [2]);
  const tighten = async (isRecorded: boolean, deadline = Deadline.in(30), latest = Deadline.in(30)) => {
    using affine = new AffineLayers(deep);
    return await tightenBox(deep, affine, box, "float64", {
      ...{ deadline, latest, isRecorded, budget: new Budget(2 ** 30), pieceBytes: 2 ** 20 },
    });
  };

  it("enclose what neurons can be, no wider than CROWN's, with a record where it is asked for", async () => {
    const crown = await crownBounds(deep, box, "float64");
    const [plain, kept] = [await tighten(false), await tighten(true)];
    expect(plain?.record).toBeNull();
    if (!kept) throw new Error("expected bounds");
    expect(plain?.region).toEqual(kept.region);
    expect(kept.region.rounding?.nodes.size).toBe(crown.rounding?.nodes.size);
    const { lower, upper } = kept.region.bounds.get(3) as { lower: Float64Array; upper: Float64Array };
    const root = crown.bounds.get(3) as { lower: Float64Array; upper: Float64Array };
    const values = (x: number) => {
      const [a, b] = [Math.max(0, x), Math.max(0, 1 - x)];
      return [a - b + 0.5, 1.5 - a - b];
    };
    for (let x = -1; x <= 2; x += 0.125) {
      for (const [i, value] of values(x).entries()) {
        expect(lower[i]).toBeLessThanOrEqual(value);
        expect(upper[i]).toBeGreaterThanOrEqual(value);
      }
    }
    expect(lower.every((low, i) => low >= root.lower[i])).toBe(true);
    expect(Array.from(kept.record?.listed.keys() ?? [])).toEqual([2, 4]);
    expect(Array.from(kept.record?.rows.keys() ?? [])).toEqual([4]);
  });

  it("are CROWN's without time, and none without time for these", async () => {
    const crown = await crownBounds(deep, box, "float64");
    expect((await tighten(false, Deadline.in(-1)))?.region.bounds).toEqual(crown.bounds);
    expect(await tighten(true, Deadline.in(30), Deadline.in(-1))).toBeNull();
  });
});
