import { describe, expect, it } from "vitest";
import { ShapeError } from "../../src/errors.js";
import { NO_CLASS, predict } from "../../src/network/predict.js";
import type { BallSpec } from "../../src/threat/ball.js";
import { countExamples } from "../../src/threat/batch.js";
import { arithmeticOf, EVALUATIONS } from "../../src/threat/evaluation.js";
import { pickBalls, pickColumns, pickExamples } from "../../src/threat/pick.js";

/** Two features of three examples. */
const x = Float64Array.of(1, 2, 3, 10, 20, 30);

describe("some examples of a batch", () => {
  it("are its columns, in the order that was asked for", () => {
    expect([...pickColumns(x, 3, [2, 0])]).toEqual([3, 1, 30, 10]);
    expect([...pickColumns(x, 3, [1])]).toEqual([2, 20]);
    expect([...pickColumns(x, 3, [])]).toEqual([]);
  });

  it("keep their labels, where there are such, and what else a batch has", () => {
    const labels = Int32Array.of(7, 8, 9);
    const picked = pickExamples({ x, labels, name: "some" }, 3, [2, 0]);
    expect(picked).toEqual({ x: Float64Array.of(3, 1, 30, 10), labels: Int32Array.of(9, 7), name: "some" });
    expect(pickExamples({ x }, 3, [1])).toEqual({ x: Float64Array.of(2, 20) });
    expect("labels" in pickExamples({ x, labels: null }, 3, [1])).toBe(false);
  });

  it("keep their own radii", () => {
    const spec: BallSpec = { norm: "linf", epsilon: { perExample: [0.1, 0.2, 0.3] }, box: [0, 1] };
    expect(pickBalls(spec, [2, 0])).toEqual({ ...spec, epsilon: { perExample: [0.3, 0.1] } });
    const one: BallSpec = { norm: "l2", epsilon: 0.5 };
    expect(pickBalls(one, [2])).toBe(one);
    // One radius a feature is that of all examples.
    const byFeature: BallSpec = { norm: "linf", epsilon: { perFeature: [0.1, 0.2] } };
    expect(pickBalls(byFeature, [2])).toBe(byFeature);
  });

  it("are counted, and told where they are none", () => {
    expect(countExamples({ x }, 2)).toBe(3);
    expect(countExamples({ x, labels: Int32Array.of(0, 1, 2) }, 2)).toBe(3);
    expect(countExamples({ x: Float64Array.of(1, 2), labels: Int32Array.of(5) }, 2)).toBe(1);
    expect(countExamples({ x, labels: null }, 2)).toBe(3);
    for (const [values, features] of [
      [6, 4],
      [0, 2],
      [1, 2],
    ] as const) {
      expect(() => countExamples({ x: new Float64Array(values) }, features)).toThrow(
        new ShapeError(`x: expected examples of ${features} features, got ${values} numbers`),
      );
    }
    expect(() => countExamples({ x, labels: Int32Array.of(0, 1) }, 2)).toThrow(
      new ShapeError("labels: expected 3, one for each example of x, got 2"),
    );
  });
});

describe("the arithmetic of an evaluation", () => {
  it("is IEEE's, with twice the roundings where machines take small numbers for 0", () => {
    const [single, flushing, double, real] = EVALUATIONS.map(arithmeticOf);
    expect(single).toMatchObject({ roundoff: 2 ** -24, flushed: 0, largest: (2 - 2 ** -23) * 2 ** 127 });
    expect(double).toMatchObject({ roundoff: 2 ** -53, flushed: 0, largest: Number.MAX_VALUE });
    expect(flushing).toEqual({
      ...single,
      roundoff: 2 * single!.roundoff,
      underflow: 2 ** -126,
      flushed: 2 ** -126,
      functions: 2 * single!.functions,
    });
    expect(real).toEqual({ roundoff: 0, underflow: 0, flushed: 0, largest: Infinity, functions: 0 });
    for (const { functions, roundoff } of [single!, double!]) {
      expect(functions).toBeGreaterThanOrEqual(roundoff);
      expect(functions).toBeLessThanOrEqual(2 ** 6 * roundoff);
    }
  });
});

describe("the answer of a model", () => {
  it("is the class of the largest logit of each example, the first of equal ones", () => {
    // Three classes of four examples.
    const logits = [1, 5, 2, -3, 2, 5, 2, -1, 3, 4, 2, -2];
    expect([...predict(logits, 4)]).toEqual([2, 0, 0, 1]);
  });

  it("is none where any logit is no number, whichever it is", () => {
    for (const at of [0, 1, 2]) {
      const logits = [1, 2, 3].map((value, j) => (j === at ? Number.NaN : value));
      expect([...predict(logits, 1)]).toEqual([NO_CLASS]);
    }
    // Of the second of two examples.
    expect([...predict([1, Number.NaN, 0, 9], 2)]).toEqual([0, NO_CLASS]);
    expect([...predict([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY], 1)]).toEqual([1]);
    expect(NO_CLASS).toBe(-1);
  });
});
