import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import { encodeNumbers } from "../../src/formats/certificate/numbers.js";
import { boundsOf, checkRows, isWithin, regionOf } from "../../src/formats/certificate/region.js";
import type { CertificateRow, PropertyClaim, RobustClaim } from "../../src/formats/certificate/schema.js";
import { compare, dyadic, minus, plus } from "../support/dyadic.js";

const numbers = (...values: number[]) => encodeNumbers(Float64Array.from(values));
const common = { model: "0".repeat(64), evaluation: "float64", neurons: {} } as const;
const robust = (change: Partial<RobustClaim> = {}): RobustClaim => ({
  ...{ kind: "robust", ...common, index: 0, data: "points", input: numbers(0.5, -2) },
  ...{ norm: "linf", epsilon: 0.25, box: null, prediction: 0, margins: [0, 1], plan: {}, ...change },
});
const { input: _, ...withoutInput } = robust();
const regionFor = (change: Partial<RobustClaim>, input?: Float64Array) => regionOf(robust(change), 2, input);

describe("the region of a claim about an example", () => {
  it("has every point of the ball, and hardly any other", () => {
    // Sums that round, that cancel, that are subnormal.
    for (const [x, epsilon] of [
      [0.1, 0.2],
      [0.3, 0.3],
      [1, 2 ** -60],
      [-1, 2 ** -60],
      [2 ** -1070, 2 ** -1074],
      [0, 5e-324],
      [1 / 3, 1e9],
      [-7, 0],
      [-1e300, 1],
    ]) {
      const { lower, upper, ball } = regionFor({ input: numbers(x, x), epsilon });
      expect(ball).toBeUndefined();
      const [low, high] = [plus(dyadic(x), minus(dyadic(epsilon))), plus(dyadic(x), dyadic(epsilon))];
      for (const i of [0, 1]) {
        expect(compare(dyadic(lower[i]), low)).toBeLessThan(0);
        expect(compare(dyadic(upper[i]), high)).toBeGreaterThan(0);
        // Two units in the last place, or two of the smallest ones.
        const room = (end: number) => Math.abs(end) * 2 ** -51 + 2 ** -1068;
        expect(x - epsilon - lower[i]).toBeLessThanOrEqual(room(x - epsilon));
        expect(upper[i] - (x + epsilon)).toBeLessThanOrEqual(room(x + epsilon));
      }
    }
  });

  it("is cut by the box, one for all inputs or one for each", () => {
    const cut = regionFor({ input: numbers(0.5, 0.75), box: [0.375, 1] });
    expect([...cut.lower, cut.upper[1]]).toEqual([0.375, expect.closeTo(0.5, 12), expect.closeTo(1, 12)]);
    expect(cut.upper[0]).toBeGreaterThan(0.75);
    expect(cut.upper[1]).toBe(1);
    const box = { lower: numbers(0.4, -9), upper: numbers(9, -1.9) };
    const each = regionFor({ box });
    expect([each.lower[0], each.upper[1]]).toEqual([0.4, -1.9]);
    expect([each.upper[0], each.lower[1]]).toEqual([expect.closeTo(0.75, 12), expect.closeTo(-2.25, 12)]);
    // The example may lie on its edge.
    expect(regionFor({ input: numbers(0, 1), box: [0, 1] }).lower[0]).toBe(0);
  });

  it("has the example in its box: the answer elsewhere is none to the example", () => {
    const message = "box: expected one with the example in it, found";
    expect(() => regionFor({ input: numbers(0.9, 0.1), box: [0.2, 1] })).toThrow(
      new FormatError(`${message} 0.2 to 1 and input 1 at 0.1`),
    );
    expect(() => regionFor({ input: numbers(1.1, 0.5), box: [0, 1] })).toThrow(
      `${message} 0 to 1 and input 0 at 1.1`,
    );
    expect(() => regionFor({ box: { lower: numbers(0, -1.9), upper: numbers(1, 0) } })).toThrow(
      `${message} -1.9 to 0 and input 1 at -2`,
    );
  });

  it("has points: of an empty one everything would be true", () => {
    expect(() => regionFor({ box: [50, 60] })).toThrow(new FormatError("the region is empty"));
    expect(() => regionFor({ box: [-60, -50] })).toThrow("the region is empty");
    expect(() => regionFor({ box: [1, 0] })).toThrow("the region is empty");
    expect(() => regionFor({ input: numbers(0.5, 0.5), box: [0.5, 0.5] })).not.toThrow();
  });

  it("has an epsilon for all inputs, or for each, of which none is below 0", () => {
    const { lower, upper } = regionFor({ epsilon: numbers(0, 0.5) });
    expect([...lower]).toEqual([expect.closeTo(0.5, 12), expect.closeTo(-2.5, 12)]);
    expect([...upper]).toEqual([expect.closeTo(0.5, 12), expect.closeTo(-1.5, 12)]);
    for (const epsilon of [numbers(-0.1, 1), numbers(1, -1e-300)]) {
      expect(() => regionFor({ epsilon })).toThrow(
        new FormatError("epsilon: expected numbers of at least 0"),
      );
    }
    expect(() => regionFor({ epsilon: numbers(1) })).toThrow("epsilon: expected 2 bytes, found 1");
    expect(() => regionFor({ epsilon: numbers(0, 0) })).not.toThrow();
  });

  it("of norm l2 or l1 is a ball within that box, and is cut by no other", () => {
    for (const norm of ["l2", "l1"] as const) {
      const { lower, upper, ball } = regionFor({ norm, epsilon: numbers(0.25, 0.5) });
      expect(ball).toEqual({ norm, centre: Float64Array.of(0.5, -2), radius: Float64Array.of(0.25, 0.5) });
      expect([...lower]).toEqual([expect.closeTo(0.25, 12), expect.closeTo(-2.5, 12)]);
      expect([...upper]).toEqual([expect.closeTo(0.75, 12), expect.closeTo(-1.5, 12)]);
      expect(() => regionFor({ norm, box: [-9, 9] })).toThrow(
        new FormatError(`box: expected none with a ball of norm ${norm}`),
      );
    }
  });
});

describe("the example of a claim", () => {
  it("is that of the file, or else of the data", () => {
    const own = regionOf(withoutInput as RobustClaim, 2, Float64Array.of(4, 5));
    expect([...own.lower]).toEqual([expect.closeTo(3.75, 12), expect.closeTo(4.75, 12)]);
    expect(() => regionOf(withoutInput as RobustClaim, 2)).toThrow(
      new FormatError("the example is not in the certificate: expected its data"),
    );
    expect(() => regionFor({ input: numbers(1) })).toThrow("input: expected 2 bytes, found 1");
  });

  it("is that of the data where both are there", () => {
    expect(() => regionFor({}, Float64Array.of(0.5, -2))).not.toThrow();
    const message = new FormatError("the example is not that of the data");
    for (const other of [
      [0.5, -2.0000000000000004],
      [0.4, -2],
      [Number.NaN, -2],
      // Not by being the beginning of the other, either.
      [0.5],
      [],
      [0.5, -2, 0],
    ]) {
      expect(() => regionFor({}, Float64Array.from(other)), `${other}`).toThrow(message);
    }
  });

  it("has as many inputs as the network, and none that is no number", () => {
    for (const other of [[0.5], [0.5, -2, 0], [Number.NaN, 0]]) {
      expect(() => regionOf(withoutInput as RobustClaim, 2, Float64Array.from(other))).toThrow(
        "the example is not that of the data",
      );
    }
  });
});

describe("the region of a claim about a property", () => {
  const property = (lower: number[], upper: number[]) => {
    const cases: PropertyClaim["cases"] = [{ rows: [], tree: [{ shares: [] }] }];
    const [low, high] = [numbers(...lower), numbers(...upper)];
    return regionOf({ kind: "property", ...common, lower: low, upper: high, plans: [], cases }, 2);
  };

  it("is its box, as it is", () => {
    const region = property([-1, 0.1], [1 / 3, 0.1]);
    expect(region).toEqual({ lower: Float64Array.of(-1, 0.1), upper: Float64Array.of(1 / 3, 0.1) });
  });

  it("is not empty, in any input", () => {
    expect(() => property([2, 0], [1, 1])).toThrow(new FormatError("the region is empty"));
    expect(() => property([0, 1 + 2 ** -52], [1, 1])).toThrow("the region is empty");
  });

  it("has as many ends as the network inputs", () => {
    expect(() => property([0], [1, 1])).toThrow("box: expected 2 bytes, found 1");
    expect(() => property([0, 0], [1, 1, 1])).toThrow("box: expected 2 bytes, found 3");
  });
});

describe("the box of a claim", () => {
  it("keeps an example in it, edges included, or none where it leaves one input out", () => {
    const x = (...values: number[]) => Float64Array.from(values);
    expect([isWithin(null, x(-1e300)), isWithin([0, 1], x(0, 1)), isWithin([0, 1], x(0, 1.1))]).toEqual([
      ...[true, true, false],
    ]);
    expect([isWithin([0, 1], x(-0.1, 1)), isWithin([0, 1], x(0.5, Number.NaN))]).toEqual([false, false]);
    const each = { lower: numbers(0, 2), upper: numbers(1, 3) };
    expect([isWithin(each, x(1, 2)), isWithin(each, x(2, 2)), isWithin(each, x(1, 1))]).toEqual([
      ...[true, false, false],
    ]);
  });

  it("has bounds for each input", () => {
    expect(boundsOf(null, 3)(2)).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect(boundsOf([0, 1], 3)(2)).toEqual([0, 1]);
    const each = { lower: numbers(0, 2), upper: numbers(1, 3) };
    expect([boundsOf(each, 2)(0), boundsOf(each, 2)(1)]).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(() => boundsOf(each, 3)).toThrow("box: lower: expected 12 bytes, found 8");
    expect(() => boundsOf({ ...each, lower: numbers(0, 2, 0) }, 3)).toThrow(
      "box: upper: expected 12 bytes, found 8",
    );
  });
});

describe("rows of a case", () => {
  const check = (...terms: [number, number][][]) => {
    const rows: CertificateRow[] = terms.map((own) => ({ terms: own, bound: 0 }));
    return () => checkRows(rows, 3);
  };

  it("have every output once at most, in order", () => {
    expect(check()).not.toThrow();
    expect(check([])).not.toThrow();
    expect(check([[0, 1]], [[0, 1]])).not.toThrow();
    expect(
      check([
        [0, 1],
        [1, 1],
        [2, 1],
      ]),
    ).not.toThrow();
    const twice = check(
      [[0, 1]],
      [
        [1, 1],
        [1, 1],
      ],
    );
    expect(twice).toThrow(new FormatError("rows: expected outputs below 3 in order, found 1"));
    expect(
      check([
        [2, 1],
        [0, 1],
      ]),
    ).toThrow("in order, found 0");
    // Twice, with another in between.
    expect(
      check([
        [1, 1],
        [2, 1],
        [1, 1],
      ]),
    ).toThrow("in order, found 1");
  });

  it("have no output that the network has not", () => {
    expect(check([[3, 1]])).toThrow("rows: expected outputs below 3 in order, found 3");
    expect(check([[2, 1]])).not.toThrow();
    expect(check([], [[7, 1]])).toThrow("below 3 in order, found 7");
  });
});
