import { describe, expect, it } from "vitest";
import { solveProgram } from "../../src/verify/linear-program.js";

describe("solveProgram", () => {
  it("gives multipliers whose Lagrangian is the optimum", async () => {
    // min −x − 2y over x + y ≤ 1.5, 0 ≤ x, y ≤ 1: −2.5 at (0.5, 1).
    const solved = await solveProgram({
      cost: Float64Array.of(-1, -2),
      lower: Float64Array.of(0, 0),
      upper: Float64Array.of(1, 1),
      matrix: Float64Array.of(1, 1),
      rowLower: Float64Array.of(Number.NEGATIVE_INFINITY),
      rowUpper: Float64Array.of(1.5),
    });
    expect([...(solved?.solution ?? [])]).toEqual([0.5, 1]);
    expect(Math.abs(solved?.multipliers[0] ?? 0)).toBeCloseTo(1, 9);
  });

  it("is null without an optimum", async () => {
    const empty = await solveProgram({
      cost: Float64Array.of(1),
      lower: Float64Array.of(0),
      upper: Float64Array.of(1),
      matrix: Float64Array.of(1),
      rowLower: Float64Array.of(2),
      rowUpper: Float64Array.of(3),
    });
    expect(empty).toBeNull();
  });

  it("takes no number that is none, and has not more time than it is given", async () => {
    const program = {
      cost: Float64Array.of(-1, -2),
      lower: Float64Array.of(0, 0),
      upper: Float64Array.of(1, 1),
      matrix: Float64Array.of(1, 0),
      rowLower: Float64Array.of(Number.NEGATIVE_INFINITY),
      rowUpper: Float64Array.of(0.5),
    };
    expect((await solveProgram(program, 4))?.solution).toEqual(Float64Array.of(0.5, 1));
    for (const wrong of [
      { matrix: Float64Array.of(1, Number.NaN) },
      { matrix: Float64Array.of(Number.POSITIVE_INFINITY, 1) },
      { rowLower: Float64Array.of(Number.NaN) },
      { rowUpper: Float64Array.of(Number.NaN) },
    ]) {
      expect(await solveProgram({ ...program, ...wrong })).toBeNull();
    }
    // Numbers that lie too far apart for it.
    expect(await solveProgram({ ...program, matrix: Float64Array.of(1e300, 1e-300) })).toBeNull();
  });

  it("takes every row, entry by entry", async () => {
    // x + 2y ≥ 2 and 3x − y ≤ 1: y is least where both meet, at (4/7, 5/7).
    const solved = await solveProgram({
      cost: Float64Array.of(0, 1),
      lower: Float64Array.of(-9, -9),
      upper: Float64Array.of(9, 9),
      matrix: Float64Array.of(1, 2, 3, -1),
      rowLower: Float64Array.of(2, Number.NEGATIVE_INFINITY),
      rowUpper: Float64Array.of(Number.POSITIVE_INFINITY, 1),
    });
    expect(Array.from(solved?.solution ?? [])).toEqual([expect.closeTo(4 / 7, 9), expect.closeTo(5 / 7, 9)]);
    expect(Array.from(solved?.multipliers ?? [], Math.abs)).toEqual([
      expect.closeTo(3 / 7, 9),
      expect.closeTo(1 / 7, 9),
    ]);
  });
});
