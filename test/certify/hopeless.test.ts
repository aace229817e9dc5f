import { describe, expect, it } from "vitest";
import { hopelessOf } from "../../src/certify/hopeless.js";

describe("a margin is hopeless", () => {
  // Three classes of two examples, the second one of which is looked at.
  const logits = Float64Array.of(90, 3, 70, -5, 50, 1);
  const isHopeless = hopelessOf(logits, 2);
  const between = (label: number, other: number) => (bound: number) =>
    isHopeless({ example: 1, label, other }, bound);

  it("where its bound is farther below 0 than rounding of its logits and of the ball's part explains", () => {
    // 3 and −5: |3| + |−5| + |8 − bound|, a share of 2^-8 of which is 16/256 and what the bound adds.
    const own = between(0, 1);
    expect([own(0.5), own(0), own(-0.0625), own(-0.0627), own(-0.063), own(-1)]).toEqual([
      ...[false, false, false, false],
      ...[true, true],
    ]);
    // −5 and 1: 6 + |−6 − bound|, 12/256 less what the bound takes.
    const other = between(1, 2);
    expect([other(-0.0465), other(-0.047)]).toEqual([false, true]);
  });

  it("where it is no number", () => {
    expect(between(0, 1)(Number.NaN)).toBe(true);
    expect(hopelessOf(Float64Array.of(Number.NaN, 1), 1)({ example: 0, label: 0, other: 1 }, 0)).toBe(true);
  });

  it("at the edge itself", () => {
    // |1| + |0| + |1 − 0|: with bound 0 of two logits of 0 there is no room at all.
    const edge = hopelessOf(Float64Array.of(0, 0), 1);
    expect(edge({ example: 0, label: 0, other: 1 }, 0)).toBe(true);
  });
});
