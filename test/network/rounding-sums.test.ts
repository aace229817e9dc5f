import { describe, expect, it, vi } from "vitest";
import { type Arithmetic, accumulated, IEEE } from "../../src/compute/arithmetic.js";
import { random } from "../../src/compute/random.js";
import type { Sums } from "../../src/network/layers/sums.js";
import { afterSums } from "../../src/network/rounding/after-sums.js";
import type { NodeValues } from "../../src/network/rounding/node-values.js";
import { compare, type Dyadic, dyadic, plus, times, ZERO } from "../support/dyadic.js";
import { TOY, toy, toySums } from "./toy-arithmetic.js";

const REAL: Arithmetic = { ...TOY, roundoff: 0 };
/** Everything that is lost can be seen beside everything else. */
const COARSE: Arithmetic = { ...TOY, underflow: 2 ** -12, flushed: 2 ** -11, largest: 2 ** 20 };

/** z = W x + b, W row by row. */
function dense(matrix: readonly (readonly number[])[], further: Partial<Sums> = {}): Sums {
  return {
    each(take) {
      for (const [i, row] of matrix.entries()) {
        for (const [j, weight] of row.entries()) take(weight, 1, i, 1, j, 1);
      }
    },
    roundings: 2,
    diagonal: false,
    ...further,
  };
}

/** A node with these values, row by row, and the same errors in each format. */
function node(value: readonly number[], error: readonly number[], formats = 1, size?: number[]): NodeValues {
  const values = Float64Array.from(value);
  return {
    value: values,
    size: size ? Float64Array.from(size) : values.map(Math.abs),
    errors: Array.from({ length: formats }, () => Float64Array.from(error)),
  };
}

/** E′ = R + γ(k)·(S + 2R) + γ₅₃(k)·S + what underflows, as the docstring has it. */
function documented(format: Arithmetic, k: number, n: number, s: number, r: number, largest: number): number {
  const lost = format.underflow + format.flushed + IEEE.float64.underflow;
  const shares = accumulated(k, format) * (s + 2 * r) + accumulated(k, IEEE.float64) * s;
  return r + shares + lost * (n + 4) * (2 + largest);
}

function expectJustAbove(found: number, expected: number): void {
  expect(found).toBeGreaterThanOrEqual(expected);
  expect(found).toBeLessThanOrEqual(expected * (1 + 1e-13));
}

describe("no order of a sum is further away than its rounding error", () => {
  it("in four bits, of which every order is tried", () => {
    const source = random(1, "toy");
    const number = (): number => toy((source.integer(63) - 31) * 2 ** (source.integer(5) - 2));
    let [worst, largest] = [0, 0];
    for (let round = 0; round < 60; round++) {
      const x = [number(), number(), number()];
      // Of more digits than the format has.
      const weights = x.map(() => (source.integer(511) - 255) / 64);
      const bias = round % 3 === 0 ? 0 : number();
      const sums = dense([weights], { offset: () => bias });
      const { value, errors } = afterSums(sums, 1, [node(x, [0, 0, 0])], 1, [TOY]);
      for (const found of toySums(weights, x, bias)) {
        expect(Math.abs(found - value[0])).toBeLessThanOrEqual(errors[0][0]);
        worst = Math.max(worst, Math.abs(found - value[0]) / errors[0][0]);
      }
      largest = Math.max(largest, errors[0][0]);
    }
    // It is not there for nothing.
    expect(worst).toBeGreaterThan(0.2);
    expect(largest).toBeLessThan(Number.POSITIVE_INFINITY);
  });

  it("nor in two layers, the second of which takes every value of the first", () => {
    const source = random(2, "toy");
    const number = (): number => toy((source.integer(31) - 15) / 4);
    for (let round = 0; round < 20; round++) {
      const x = [number(), number()];
      const [first, second] = [[number(), number()], [number()]];
      const once = afterSums(dense([first]), 1, [node(x, [0, 0])], 1, [TOY]);
      const twice = afterSums(dense([second], { offset: () => 1 }), 1, [once], 1, [TOY]);
      for (const middle of toySums(first, x)) {
        for (const found of toySums(second, [middle], 1)) {
          expect(Math.abs(found - twice.value[0])).toBeLessThanOrEqual(twice.errors[0][0]);
        }
      }
    }
  });
});

describe("the error of a sum", () => {
  it.each<[string, Partial<Sums>, number, number, number, number]>([
    ["without a constant", {}, 3, 4, 1.5 + 4 + 0.25, 1.5 - 4 + 0.25],
    ["with one", { offset: () => -2 }, 4, 5, 1.5 + 4 + 0.25 + 2, 1.5 - 4 + 0.25 - 2],
    ["with one that cancels", { offset: () => 0, offsetSize: () => 8 }, 4, 5, 13.75, 1.5 - 4 + 0.25],
    ["with a constant of 0", { offset: () => 0 }, 3, 4, 5.75, -2.25],
  ])("is what its formula says: %s", (_, further, summands, count, size, value) => {
    const x = node([1, -2, 0.5, 7], [0.5, 0.25, 0, 100], 3);
    // The weight of 0 is no term, and what it would weigh is not seen.
    const sums = dense([[1.5, 2, 0.5, 0]], further);
    const formats = [COARSE, REAL, IEEE.float32];
    const found = afterSums(sums, 1, [x], 1, formats);
    expect([...found.value]).toEqual([value]);
    expect([...found.size]).toEqual([size]);
    const reach = 1.5 * 0.5 + 2 * 0.25;
    // The largest value with its error, and the largest weight.
    const largest = 107 + 2;
    for (const [f, format] of formats.entries()) {
      expectJustAbove(found.errors[f][0], documented(format, count, summands, size, reach, largest));
    }
  });

  it("is made larger by what computing it may be off by", () => {
    const source = random(3, "slack");
    for (let round = 0; round < 200; round++) {
      const weights = Array.from({ length: 4 }, () => source.normal());
      const errors = weights.map(() => Math.abs(source.normal()));
      const zeros = weights.map(() => 0);
      const exact = weights.reduce<Dyadic>(
        (sum, weight, j) => plus(sum, times(dyadic(Math.abs(weight)), dyadic(errors[j]))),
        ZERO,
      );
      const found = afterSums(dense([weights]), 1, [node(zeros, errors)], 1, [REAL]).errors[0][0];
      expect(compare(dyadic(found), exact)).toBeGreaterThan(0);
      // Of 5 roundings and 16.
      expect(compare(dyadic(found), times(exact, dyadic(1 + 24 * 2 ** -52)))).toBeLessThan(0);
    }
  });

  it("is that of a product which double precision itself takes for 0", () => {
    const least = 2 ** -1074;
    const { value, errors } = afterSums(dense([[0.5]]), 1, [node([least], [0])], 1, [REAL]);
    expect([...value]).toEqual([0]);
    expect(errors[0][0]).toBeGreaterThanOrEqual(least);
  });

  it("is what came where numbers are moved, and one that is not known is infinite", () => {
    const moved = { roundings: 0, diagonal: true } as const;
    const { errors } = afterSums(dense([[1]], moved), 1, [node([3], [0.1])], 1, [IEEE.float32]);
    expect([...errors[0]]).toEqual([0.1]);
    const unknown = afterSums(dense([[1]], moved), 1, [node([3], [Number.NaN])], 1, [IEEE.float32]);
    expect([...unknown.errors[0]]).toEqual([Number.POSITIVE_INFINITY]);
    const added = afterSums(dense([[1]], { ...moved, offset: () => 2 }), 1, [node([3], [0])], 1, [TOY]);
    expectJustAbove(added.errors[0][0], documented(TOY, 1, 2, 5, 0, 4));
  });

  it("is relative to the sum before, into which a diagonal layer may be folded", () => {
    const x = node([0.5, 1], [0, 0], 1, [64, 1]);
    const diagonal = dense([[2]], { diagonal: true });
    expect([...afterSums(diagonal, 1, [x], 1, [TOY]).size]).toEqual([128]);
    expect([...afterSums(dense([[2]]), 1, [x], 1, [TOY]).size]).toEqual([1]);
  });

  it("takes several inputs one behind the other, in all rows, and terms in steps", () => {
    // Features a, b of two rows, then c.
    const ab = node([1, 10, 2, 20], [0.5, 0, 0, 0.25], 2);
    const c = node([3, 30], [0, 0.125], 2);
    const runs: Sums = {
      each(take) {
        // Outputs 0 and 2 of features 0 and 2, output 1 of 1, and outputs 0 and 1 of features 1 and 2.
        take(2, 2, 0, 2, 0, 2);
        take(-1, 1, 1, 1, 1, 1);
        take(4, 2, 0, 1, 1, 1);
        take(8, 2, 0, 1, 0, 2);
        take(16, 2, 1, -1, 1, 1);
        take(32, 2, 0, 2, 1, 1);
      },
      roundings: 1,
      diagonal: false,
    };
    const matrix = [
      [10, 36, 16],
      [0, 15, 12],
      [0, 0, 34],
    ];
    const x = [1, 10, 2, 20, 3, 30];
    const { value, size, errors } = afterSums(runs, 3, [ab, c], 2, [REAL, TOY]);
    const through = (rows: readonly number[][], of: readonly number[]) =>
      rows.flatMap((row) =>
        [0, 1].map((r) => row.reduce((sum, weight, j) => sum + weight * of[2 * j + r], 0)),
      );
    expect([...value]).toEqual(through(matrix, x));
    // −1 beside 16.
    expect([...size]).toEqual(through([matrix[0], [0, 17, 12], matrix[2]], x));
    expect(errors[0].length).toBe(6);
    // Output 2 in row 0: of c alone, whose error there is 0.
    expect(errors[0][4]).toBeLessThan(1e-12);
    expectJustAbove(errors[0][5], documented(REAL, 2, 2, 1020, 34 * 0.125, 0));
    expectJustAbove(errors[1][5], documented(TOY, 2, 2, 1020, 34 * 0.125, 0));
    expectJustAbove(errors[1][1], documented(TOY, 5, 5, 1300, 36 * 0.25 + 16 * 0.125, 0));
  });

  it("is infinite from the format's largest number on, and not below it", () => {
    const sums = dense([[1, -1]]);
    const x = node([4, 4], [0.5, 0.25]);
    const [free] = afterSums(sums, 1, [x], 1, [{ ...TOY, largest: Number.POSITIVE_INFINITY }]).errors[0];
    const most = 8 + 2 * 0.75 + free;
    const at = (largest: number) => afterSums(sums, 1, [x], 1, [{ ...TOY, largest }]).errors[0][0];
    expect(at(most)).toBe(free);
    expect(at(most * (1 - 2 ** -52))).toBe(Number.POSITIVE_INFINITY);
    expect(at(Number.NaN)).toBe(Number.POSITIVE_INFINITY);
  });

  it("is infinite where a weight or an input passes it, however small the sum is", () => {
    const alone = (weight: number, x: number) =>
      afterSums(dense([[weight]]), 1, [node([x], [0])], 1, [IEEE.float32]).errors[0][0];
    expect(alone(1e30, 1e-20)).toBeLessThan(1e10);
    expect(alone(1e39, 1e-20)).toBe(Number.POSITIVE_INFINITY);
    expect(alone(1e-20, -1e39)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("a long sum", () => {
  const LIMIT = 1000;
  const reason = new Error("enough");
  /** Runs of so many terms, all of one number. */
  const runs = (...lengths: readonly number[]): Sums => ({
    each(take) {
      for (const length of lengths) take(1, length, 0, 0, 0, 0);
    },
    roundings: 1,
    diagonal: false,
  });
  const run = (sums: Sums, stop?: Pick<AbortSignal, "throwIfAborted">, rows = 1) => {
    const ones = Array<number>(rows).fill(1);
    return afterSums(sums, 1, [node(ones, ones)], rows, [], stop as AbortSignal, LIMIT).value;
  };

  it("looks after so many additions whether it is time to end", () => {
    const stop = { throwIfAborted: vi.fn() };
    run(runs(LIMIT), stop);
    expect(stop.throwIfAborted).not.toHaveBeenCalled();
    // It counts from anew.
    run(runs(LIMIT + 1, 1, 1), stop);
    expect(stop.throwIfAborted).toHaveBeenCalledTimes(1);
  });

  it("ends with the reason, or not where nobody may stop it", () => {
    expect(() => run(runs(LIMIT + 1), AbortSignal.abort(reason))).toThrow(reason);
    expect(() => run(runs(LIMIT / 2 + 1), AbortSignal.abort(reason), 2)).toThrow(reason);
    expect([...run(runs(LIMIT + 1))]).toEqual([LIMIT + 1]);
  });
});
