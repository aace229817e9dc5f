import { describe, expect, it } from "vitest";
import { Deadline } from "../../src/compute/deadline.js";
import { searchOf } from "../../src/verify/equality.js";
import type { OutputCase, Question } from "../../src/verify/question.js";
import { caseOf, region } from "./by-hand.js";

/** Asks about cases of a function, and keeps the points that were looked at. */
async function asked(
  cases: readonly OutputCase[],
  of: (x: Float64Array) => number[],
  { question = {}, seconds = 100 }: { question?: Partial<Question>; seconds?: number } = {},
) {
  const points: Float64Array[] = [];
  const evaluate = (x: Float64Array) => {
    points.push(x);
    return Float64Array.from(of(x));
  };
  const deadline = Deadline.in(seconds);
  const box = { ...region([1, -3], [2, -1]), cases, ...question };
  const { worthwhile, time } = await searchOf({ evaluate }, box, cases, deadline);
  return { worthwhile, isWhole: time === deadline, left: time.left, points };
}

const strict = (bound: number) => caseOf([[1]], [bound], { strict: [true] });
const loose = caseOf([[1]], [0]);
const mixed = caseOf([[1], [1]], [0, 0], { strict: [false, true] });

describe("what branch and bound is worth", () => {
  it("is all where no comparison is strict, without a look at any point", async () => {
    const { worthwhile, isWhole, points } = await asked([loose], () => [0]);
    expect([worthwhile, isWhole, points.length]).toEqual([[loose], true, 0]);
  });

  it("is a strict case unless a point meets it with equality", async () => {
    const [met, open] = [strict(0), strict(0.25)];
    for (const [value, left] of [
      [0, [open]],
      [0.25, [met]],
      [0.5, [met, open]],
      [-1, [met, open]],
    ] as const) {
      const { worthwhile, isWhole } = await asked([met, open], () => [value]);
      expect([worthwhile, isWhole]).toEqual([left, true]);
    }
    // One strict row among others is enough, and what has none is never put aside.
    expect((await asked([mixed, loose], () => [0])).worthwhile).toEqual([loose]);
    expect((await asked([loose, strict(0)], () => [0])).worthwhile).toEqual([loose]);
  });

  it("is a moment for all where none may be proved: they may be broken", async () => {
    const all = [strict(0), mixed];
    const { worthwhile, isWhole, left, points } = await asked(all, () => [0]);
    expect([worthwhile, isWhole, points.length]).toEqual([all, false, 1]);
    expect(left).toBeLessThanOrEqual(1);
    expect(left).toBeGreaterThan(0.5);
    // Never more than there is.
    expect((await asked(all, () => [0], { seconds: 0.4 })).left).toBeLessThanOrEqual(0.4);
  });

  it("is found out at the middle and at points all over the box, as long as some case is not met", async () => {
    const { points } = await asked([strict(0), strict(1)], () => [0]);
    expect(points).toHaveLength(16);
    expect(Array.from(points[0])).toEqual([1.5, -2]);
    for (const [f, [low, high]] of [
      [1, 2],
      [-3, -1],
    ].entries()) {
      const values = points.map((x) => x[f]);
      expect(values.every((x) => x >= low && x <= high)).toBe(true);
      expect([
        Math.min(...values) < low + 0.3 * (high - low),
        Math.max(...values) > high - 0.3 * (high - low),
      ]).toEqual([true, true]);
    }
    expect((await asked([strict(0)], ([a]) => [a < 1.2 ? 0 : 1])).worthwhile).toHaveLength(1);
    const late = await asked([strict(0), loose], ([a]) => [a < 1.3 ? 0 : 1]);
    expect(late.worthwhile).toEqual([loose]);
    expect(late.points.length).toBeGreaterThan(1);
  });

  it("is found out at points of the inputs alone where these are open", async () => {
    const next = 1 + 2 ** -52;
    const inputs = { ...region([1, -3], [next, -1]), lowerStrict: [true, false] };
    const { points } = await asked([strict(1)], () => [0], { question: { inputs } });
    expect(points.every(([a]) => a === next)).toBe(true);
  });

  it("is all once there is no time", async () => {
    const all = [strict(0), loose];
    const { worthwhile, points } = await asked(all, () => [0], { seconds: -1 });
    expect([worthwhile, points.length]).toEqual([all, 0]);
  });
});
