import { describe, expect, it } from "vitest";
import { Tape, type Variable } from "../../src/autodiff/index.js";
import { accumulated, IEEE } from "../../src/compute/arithmetic.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import type { AffineDual } from "../../src/dual/dual-layer.js";
import { OwnRounding, SLACK, sharesOf } from "../../src/dual/own-rounding.js";
import { compare, type Dyadic, dyadic, minus, plus } from "../support/dyadic.js";
import { BRANCHES, CHAIN, column, expectNumbers, linesOf, read, sumOf, tape } from "./rounding-tape.js";

const { roundoff: u, underflow: tau } = IEEE.float32;
const gamma = (k: number): number => accumulated(k, IEEE.float32);
const own = new OwnRounding("float32", CHAIN);
const branches = new OwnRounding("float32", BRANCHES);
/** Two for each of the four nodes, and eight. */
const TERMS = 16;
const GROWN = 1 + SLACK;

describe("what single precision may do to a bound", () => {
  it("is counted for |v̂|, r and e of a node together", async () => {
    const [centre, radius, error] = [column(-3, 2), column(0.5, 0.25), column(0.125, 8)];
    await expectNumbers(own.magnitude(tape, { centre, radius, error }), [3.625, 10.25]);
    await expectNumbers(own.magnitude(tape, { centre, radius }), [3.5, 2.25]);
    const gathered = own.gathered({ centre, radius, error });
    expect(await sumOf(gathered.size)).toEqual([3.625, 10.25]);
    expect(gathered.error).toBe(error);
  });

  it("is a share of the size, and the error once, whether it is among the size's terms or beside them", async () => {
    const [x, error] = [column(-3, 2), column(0.125, 8)];
    const size = [{ weight: 2, x, absolute: true }];
    expect(await sumOf(sharesOf({ size, error: undefined }, 0.25, 4))).toEqual([6, 4]);
    expect(await sumOf(sharesOf({ size, error }, 0.25, 4))).toEqual([6.5, 36]);
    const within = [...size, { weight: 1, x: error }];
    expect(await sumOf(sharesOf({ size: within, error }, 0.25, 4))).toEqual([6.625, 44]);
  });

  it("grows with the length of sums and with the layers that a walk passes", () => {
    expect(SLACK).toBe(2 ** -6);
    expect(own.ofTerms(5)).toBeCloseTo(gamma(5 + TERMS + 8) * GROWN, 18);
    expect(own.growth(5)).toBe(1 + gamma(5 + TERMS));
    expect(branches.growth(5)).toBe(1 + gamma(5 + 18));
  });

  it("is counted for x̂ᵀν, whose terms are of either sign", async () => {
    const share = gamma(2 + TERMS) * GROWN;
    await expectNumbers(own.ofCentre(tape, column(-3, 0)), [3 * share + 4 * tau, 4 * tau]);
  });

  it("is counted for a decision's multiplier, with the ν that are added where layers read a node", async () => {
    const gathered = { centre: column(-3, 0), radius: column(1, 0), error: column(2 ** -20, 0) };
    const charged = (readers: number) => {
      const size = 4 + 2 ** -20;
      return [((16 + 2 * readers) * u * size + 2 ** -20) * GROWN + 8 * tau, 8 * tau];
    };
    await expectNumbers(own.ofConstraint(tape, own.gathered(gathered)), charged(1));
    await expectNumbers(branches.ofConstraint(tape, own.gathered(gathered)), charged(2));
  });

  it("is counted for an objective at a node", async () => {
    const box = { centre: column(-3, 0), radius: column(1, 0), error: column(2 ** -20, 0) };
    const expected = (gamma(10 + 8) * (4 + 2 ** -20) + 2 ** -20) * GROWN + 8 * tau;
    await expectNumbers(own.ofObjective(tape, own.gathered(box), 10), [expected, 8 * tau]);
  });

  it("is counted for the radius of rows: long sums, what underflows, and squares that do", async () => {
    const grown = 1 + gamma(3 + TERMS);
    const least = 4 * (3 + TERMS) * tau;
    await expectNumbers(own.radius(tape, column(2, 0), 1), [2 * grown + least, least]);
    await expectNumbers(own.radius(tape, column(2, 0), Number.POSITIVE_INFINITY), [2 * grown + least, least]);
    const squares = 2 * Math.sqrt(3 * tau);
    await expectNumbers(own.radius(tape, column(2, 0), 2), [2 * grown + squares, squares + least]);
  });

  it("is counted for norms along columns", async () => {
    const floor = 4 * Math.sqrt(8 * tau);
    await expectNumbers(own.ofColumns(tape, column(2, 0), 7), [2 * (1 + gamma(7 + TERMS)) + floor, floor]);
  });

  it("is counted for squares directly above an ℓ2 ball", () => {
    const least = 2 ** 14 * Math.sqrt(tau);
    expect(own.ofSquares(9, 0.5)).toEqual({ floor: 3 * least * 2.5, least });
  });

  it("is counted for a node's ends, a sum, a difference, an estimate", async () => {
    const [centre, radius, error] = [column(-3, 0), column(1, 0), column(2 ** -20, 0)];
    const reach = (1 + 2 ** -20) * (1 + 16 * u) + 3 * 8 * u + 4 * tau;
    const { lower, upper } = own.outward(tape, { centre, radius, error });
    await expectNumbers(lower, [-3 - reach, -4 * tau]);
    await expectNumbers(upper, [-3 + reach, 4 * tau]);
    const without = 1 + 16 * u + 24 * u + 4 * tau;
    await expectNumbers(own.outward(tape, { centre, radius }).upper, [-3 + without, 4 * tau]);
    await expectNumbers(own.below(tape, centre, [radius]), [-3 - without, -4 * tau]);
    await expectNumbers(own.up(tape, centre), [-3 + 12 * u + 4 * tau, 4 * tau]);
    await expectNumbers(own.down(tape, centre), [-3 - 12 * u - 4 * tau, -4 * tau]);
    await expectNumbers(own.up(tape, centre, 8), [-3 + 24 * u + 4 * tau, 4 * tau]);
    await expectNumbers(own.down(tape, centre, 8), [-3 - 24 * u - 4 * tau, -4 * tau]);
    await expectNumbers(own.merged(tape, radius, error), [1 + 8 * u + 2 ** -20, 0]);
    await expectNumbers(own.share(tape, radius), [8 * u + 8 * tau, 8 * tau]);
    const root = 4 * Math.sqrt(tau);
    await expectNumbers(own.ofEstimate(tape, radius), [1 + 2 ** 10 * u + root, root]);
  });

  it("is counted for a sum of magnitudes, with what underflows in every column of it", async () => {
    const least = 4 * (3 + 8) * 10 * tau;
    await expectNumbers(own.ofSum(tape, column(2, 0)), [2 * GROWN + least, least]);
  });

  it("is counted for projections: where noise is added, and through layers", async () => {
    const [projections, pushed, passed] = [column(-3, 0), column(-5, 0), column(-7, 0)];
    const noise = (size: number) => 64 * u * size + 8 * tau;
    await expectNumbers(own.ofNoise(tape, projections), [noise(3), 8 * tau]);
    await expectNumbers(own.ofNoise(tape, projections, pushed), [noise(8), 8 * tau]);
    await expectNumbers(own.ofNoise(tape, projections, pushed, passed), [noise(8) + 7, 8 * tau]);
    await expectNumbers(own.ofNoise(tape, projections, undefined, passed), [noise(3) + 7, 8 * tau]);
    const least = 4 * (3 + 8) * tau;
    const through = (terms: number) => [(gamma(terms + 4) * 3 + 2) * GROWN + least, 2 * GROWN + least];
    const error = column(2, 2);
    const affine = { kind: "affine", roundings: { forward: 9, backward: 1 } } as AffineDual;
    await expectNumbers(own.ofProjections(tape, affine, projections, error), through(9));
    // Nothing is known: a dense matrix, and 64 more.
    const unknown = { kind: "affine" } as AffineDual;
    await expectNumbers(own.ofProjections(tape, unknown, projections, error), through(2 + 64));
    await expectNumbers(own.ofProjections(tape, affine, column(0, 0), column(0, 0)), [least, least]);
    const lines = linesOf(column(1, 1), column(0, 0), column(0, 0));
    await expectNumbers(own.ofProjections(tape, lines, projections, error), through(1));
    // Lines that mix features sum as many as there are.
    const mixing = { ...lines, coupling: "mixing" } as const;
    await expectNumbers(own.ofProjections(tape, mixing, projections, error), through(2 + 64));
  });
});

describe("in single precision itself", () => {
  const backend = createPortableBackend({ dtype: "float32" });
  const single = new Tape(backend, { record: false });
  const source = random(4, "ends");
  const SCALES = [1, 2 ** 60, 2 ** -60, 2 ** -130, 2 ** -140, 2 ** -149];
  /** Of many sizes, and next to numbers that cancel. */
  const number = (): number => Math.fround(source.normal() * SCALES[source.integer(SCALES.length)]);
  const count = 300;
  const list = (sign: "any" | "positive") =>
    Array.from({ length: count }, () => (sign === "any" ? number() : Math.abs(number())));
  const uploaded = (values: readonly number[]): Variable =>
    single.own(backend.upload(count, 1, Float64Array.from(values)));
  const numbersOf = async ({ value }: Variable) => [...(await backend.read(value))];
  const exact = (...values: readonly number[]): Dyadic => values.map(dyadic).reduce(plus);

  it("ends lie outside, whatever cancels or underflows", async () => {
    const [centres, radii, errors] = [list("any"), list("positive"), list("positive")];
    const box = { centre: uploaded(centres), radius: uploaded(radii), error: uploaded(errors) };
    const { lower, upper } = own.outward(single, box);
    const below = await numbersOf(own.below(single, box.centre, [box.radius, box.error, box.radius]));
    const [lowers, uppers] = [await numbersOf(lower), await numbersOf(upper)];
    for (const [i, centre] of centres.entries()) {
      expect(compare(dyadic(lowers[i]), exact(centre, -radii[i], -errors[i]))).toBeLessThan(0);
      expect(compare(dyadic(uppers[i]), exact(centre, radii[i], errors[i]))).toBeGreaterThan(0);
      expect(compare(dyadic(below[i]), exact(centre, -radii[i], -errors[i], -radii[i]))).toBeLessThan(0);
    }
  });

  it("last roundings are taken back", async () => {
    const [x, y] = [list("any"), list("any")];
    const difference = x.map((value, i) => Math.fround(value - y[i]));
    const [up, down] = [
      await numbersOf(own.up(single, uploaded(difference))),
      await numbersOf(own.down(single, uploaded(difference))),
    ];
    for (const [i, value] of x.entries()) {
      const truth = plus(dyadic(value), minus(dyadic(y[i])));
      expect(compare(dyadic(up[i]), truth)).toBeGreaterThan(0);
      expect(compare(dyadic(down[i]), truth)).toBeLessThan(0);
    }
  });

  it("a radius that rounding was merged into is no smaller than both", async () => {
    const [radii, errors] = [list("positive"), list("positive")].map((own) => own.map((x) => x + 2 ** -100));
    const [r, e] = [radii.map(Math.fround), errors.map(Math.fround)];
    const merged = await numbersOf(own.merged(single, uploaded(r), uploaded(e)));
    for (const [i, found] of merged.entries()) {
      // Half a unit of a sum that was rounded down may be missing of the error alone.
      const reached = dyadic(found * (1 + 2 ** -23));
      expect(compare(reached, exact(r[i], e[i]))).toBeGreaterThanOrEqual(0);
    }
  });
});

it("what is read off is what was put in", async () => {
  expect(await read(column(1, -2))).toEqual([1, -2]);
});
