import { describe, expect, it } from "vitest";
import { random } from "../../src/compute/random.js";
import {
  differenceDown,
  differenceUp,
  nextDown,
  nextUp,
  rounded,
  roundUp,
  sumUp,
} from "../../src/threat/outward.js";

const bits = new DataView(new ArrayBuffer(8));
/** By whole numbers, whose order is that of the doubles of one sign. */
function above(x: number): number {
  bits.setFloat64(0, x);
  bits.setBigInt64(0, bits.getBigInt64(0) + (x > 0 ? 1n : -1n));
  return bits.getFloat64(0);
}

/** The largest number of single precision below one that is not 0. */
function floatBelow(x: number): number {
  bits.setFloat32(0, x);
  bits.setInt32(0, bits.getInt32(0) + (x > 0 ? -1 : 1));
  return bits.getFloat32(0);
}

describe("numbers rounded outward", () => {
  it("are the next ones", () => {
    const source = random(1, "next");
    const some = Array.from(
      { length: 2000 },
      () => (source.uniform() - 0.5) * 2 ** (source.integer(2000) - 1000),
    );
    const edges = [1, -1, 2 ** 32, -(2 ** 32), 1 + 2 ** -20, -Number.MIN_VALUE, Number.MAX_VALUE];
    for (const x of [...some, ...edges]) {
      expect(nextUp(x)).toBe(above(x));
      expect(nextDown(x)).toBe(-above(-x));
    }
    expect([nextUp(0), nextUp(-0), nextDown(0)]).toEqual([
      Number.MIN_VALUE,
      Number.MIN_VALUE,
      -Number.MIN_VALUE,
    ]);
    expect([nextUp(Number.POSITIVE_INFINITY), nextUp(Number.NaN)]).toEqual([
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ]);
  });

  it("are not below what they round in single precision, and the least that is not", () => {
    const source = random(2, "single");
    for (let i = 0; i < 2000; i++) {
      const x = (source.uniform() - 0.5) * 2 ** (source.integer(240) - 120);
      const up = roundUp(x, "float32");
      expect(Math.fround(up)).toBe(up);
      expect(up).toBeGreaterThanOrEqual(x);
      expect(floatBelow(up)).toBeLessThan(x);
    }
    expect([roundUp(1e-60, "float32"), roundUp(-1e-60, "float32")]).toEqual([2 ** -149, -0]);
    expect([0.5, -0.5, 0, 2 ** -149].map((x) => roundUp(x, "float32"))).toEqual([0.5, -0.5, 0, 2 ** -149]);
    expect(roundUp(Number.NaN, "float32")).toBeNaN();
    expect(roundUp(0.1, "float64")).toBe(0.1);
  });

  it("are the nearest ones where that is asked for", () => {
    expect(rounded(0.1, "float64")).toBe(0.1);
    expect(rounded(0.1, "float32")).toBe(Math.fround(0.1));
  });

  it("keep sums that are exact", () => {
    expect([sumUp(0.5, 0.25), differenceUp(0.5, 0.25), differenceDown(0.5, 0.25)]).toEqual([
      0.75, 0.25, 0.25,
    ]);
    expect(sumUp(1, 2 ** -60)).toBe(1 + 2 ** -52);
    expect(differenceDown(1, 2 ** -60)).toBe(1 - 2 ** -53);
    expect(sumUp(1, -(2 ** -60))).toBe(1);
  });
});
