import { describe, expect, it } from "vitest";
import { multiply } from "../../src/autodiff/index.js";
import { accumulated, IEEE } from "../../src/compute/arithmetic.js";
import { SLACK } from "../../src/dual/own-rounding.js";
import { Rounding } from "../../src/dual/rounding.js";
import type { Widening } from "../../src/dual/widening.js";
import { arithmeticOf, EVALUATIONS, type Evaluation } from "../../src/threat/evaluation.js";
import { BRANCHES, CHAIN, column, expectNumbers, linesOf, read, tape } from "./rounding-tape.js";

const { roundoff: u, underflow: tau, functions } = IEEE.float32;
const GROWN = 1 + SLACK;
const PARALLEL = { summed: false };
const of = (evaluation: Evaluation, network = CHAIN, summed = false) =>
  new Rounding("float32", network, evaluation, { summed });
const LARGEST = IEEE.float32.largest;

/** m of these: 3.625 and 0. */
const box = () => ({ centre: column(-3, 0), radius: column(0.5, 0), error: column(0.125, 0) });
const SIZE = 3.625;

describe("rounding at the input", () => {
  it.each(EVALUATIONS)("is that of a point that is handed in, and of our centre: %s", async (evaluation) => {
    const deployed = arithmeticOf(evaluation);
    const { centre, radius } = box();
    const share = (deployed.roundoff + 2 * u) * GROWN;
    const least = deployed.underflow + deployed.flushed + 4 * tau;
    const own = of(evaluation);
    await expectNumbers(own.atInput(tape, { centre, radius }), [3.5 * share + least, least]);
    const within = 0.5 * (1 + 8 * u) + 3.5 * share + least;
    await expectNumbers(own.withInput(tape, { centre, radius }), [within, least]);
  });

  it.each(EVALUATIONS)("is where a chain begins beside an ℓ2 ball: %s", async (evaluation) => {
    const deployed = arithmeticOf(evaluation);
    const share = deployed.roundoff + 2 * u;
    const least = (deployed.underflow + deployed.flushed + 4 * tau) / share;
    const chain = of(evaluation).chainAtInput(tape, box());
    await expectNumbers(chain.size, [SIZE + least, least]);
    const { weight, x } = chain.begun();
    await expectNumbers(x, [SIZE + 2 * least]);
    expect(weight).toBe(1);
    const { scale, roundings, own, isNew, folded, hasSums } = chain;
    expect({ scale, roundings, own, isNew, folded, hasSums }).toEqual({
      ...{ scale: 1, roundings: 1, own: 2 * u, isNew: false, folded: 0, hasSums: false },
    });
  });

  it("is not a number where the evaluation does not reach so far", async () => {
    const double = (evaluation: Evaluation) => new Rounding("float64", CHAIN, evaluation, PARALLEL);
    const [centre, radius] = [column(0, -0.6 * LARGEST, -0.4 * LARGEST), column(1, 0, 0)];
    const size = { centre, radius };
    for (const act of ["atInput", "withInput"] as const) {
      expect((await read(double("float32")[act](tape, size))).map(Number.isNaN)).toEqual([
        false,
        true,
        false,
      ]);
      const beyond = { centre: column(-1e308, 1, 1), radius };
      expect((await read(double("float64")[act](tape, beyond))).map(Number.isNaN)).toEqual([
        ...[false, false, false],
      ]);
    }
  });

  it("is a floor for each feature where there is one for all", async () => {
    await expectNumbers(of("real").everywhere(tape, column(2.5), 3), [2.5, 2.5, 2.5]);
  });
});

describe("rounding at an activation", () => {
  const slope = () => column(0.5, 0.25);
  const lines = (knows?: "magnitude" | "absolute") =>
    linesOf(slope(), column(-0.75, 0), column(0.25, 0), knows);
  /** Of |m̂| + ρ̂ = 1 and, through 0.5, m = 3.625 and e = 0.125. */
  const documented = (
    evaluation: Evaluation,
    kind: "exact" | "relative" | "approximate",
    readers: number,
  ) => {
    const deployed = arithmeticOf(evaluation);
    const relative = kind === "exact" ? 0 : 2 * deployed.roundoff;
    const through = 0.5 * ((32 * u + 2 * readers * u + relative) * SIZE + 0.125) * GROWN;
    const constants = (accumulated(32, IEEE.float32) + relative) * GROWN;
    const approximate = kind === "approximate" ? deployed.functions + 4 * functions : 0;
    const least = (approximate + 64 * tau + deployed.flushed + deployed.underflow) * GROWN + (64 * tau) / u;
    const lost = deployed.underflow + deployed.flushed + tau;
    const slopes = 2 ** 50 * tau + (kind === "exact" ? 0 : 2 * lost);
    return { through, constants, least, slopes };
  };

  describe.each(["exact", "relative", "approximate"] as const)("%s", (kind) => {
    it.each(EVALUATIONS)(
      "is e, and all roundings of the lines and of the function: %s",
      async (evaluation) => {
        for (const [network, readers] of [
          [CHAIN, 1],
          [BRANCHES, 2],
        ] as const) {
          const own = of(evaluation, network);
          const { through, constants, least, slopes } = documented(evaluation, kind, readers);
          const found = own.enclosed(tape, lines(), own.gathered(box()), kind);
          await expectNumbers(found, [through + constants + slopes * SIZE + least, least]);
          // The sizes of all inputs, where a layer acts by |d| alone: any of them may be an output's.
          const acted = own.enclosed(tape, lines("absolute"), own.gathered(box()), kind);
          await expectNumbers(acted, [through + constants + slopes * SIZE + least, slopes * SIZE + least]);
        }
      },
    );

    it("is seen where everything else is 0", async () => {
      for (const evaluation of EVALUATIONS) {
        const own = of(evaluation);
        const { slopes, least } = documented(evaluation, kind, 1);
        // A slope that has become 0, of which only a number's size tells what was lost.
        const wide = own.gathered({ centre: column(2 ** 100), radius: column(0) });
        for (const knows of ["magnitude", "absolute"] as const) {
          const flat = linesOf(column(0), column(0), column(0), knows);
          await expectNumbers(own.enclosed(tape, flat, wide, kind), [slopes * 2 ** 100 + least]);
        }
      }
    });
  });

  it("is that of a long sum of constants where two lines have no centre to subtract", async () => {
    const own = of("real", CHAIN, true);
    const twoLines: Widening = {
      kind: "two-lines",
      absolute: (on, x) => multiply(on, slope(), x),
      constants: () => [{ weight: 3, x: column(-0.75, 0), absolute: true }],
    };
    const { through, least, slopes } = documented("real", "exact", 1);
    // The longest sum of 3 features, and two for each of the four nodes, and eight.
    const constants = accumulated(32 + 3 + 16, IEEE.float32) * GROWN * 2.25;
    const found = own.enclosed(tape, twoLines, own.gathered(box()), "exact");
    await expectNumbers(found, [through + constants + slopes * SIZE + least, slopes * SIZE + least]);
  });

  it("is 0 where the function is", async () => {
    const own = of("float32");
    const where = column(0, 1);
    const found = await read(own.enclosed(tape, lines(), own.gathered(box()), "exact", where));
    expect(found[0]).toBe(0);
    expect(found[1]).toBeGreaterThan(0);
    const below = await read(
      own.enclosed(tape, lines(), own.gathered(box()), "exact", column(-1, 2 ** -149)),
    );
    expect(below[0]).toBe(0);
    expect(below[1]).toBeGreaterThan(0);
  });

  it("is not a number where a value between the lines may pass the largest that the evaluation has", async () => {
    const double = (evaluation: Evaluation) => new Rounding("float64", CHAIN, evaluation, PARALLEL);
    /** d = 0.5, z within these. */
    const isKnown = async (own: Rounding, size: number, constant: number): Promise<boolean> => {
      const layer = linesOf(column(0.5), column(-constant), column(0));
      const gathered = own.gathered({ centre: column(-size), radius: column(0) });
      return !Number.isNaN((await read(own.enclosed(tape, layer, gathered, "exact")))[0]);
    };
    for (const evaluation of ["float32", "float32-ftz"] as const) {
      const own = double(evaluation);
      expect(await isKnown(own, 0.99 * LARGEST, 0)).toBe(true);
      expect(await isKnown(own, 1.01 * LARGEST, 0)).toBe(false);
      expect(await isKnown(own, 0, 0.49 * LARGEST)).toBe(true);
      expect(await isKnown(own, 0, 0.51 * LARGEST)).toBe(false);
      expect(await isKnown(own, 0.4 * LARGEST, 0.2 * LARGEST)).toBe(true);
      expect(await isKnown(own, 0.4 * LARGEST, 0.4 * LARGEST)).toBe(false);
    }
    // Where our own arithmetic reaches no farther, it tells by itself.
    for (const evaluation of ["float64", "real"] as const) {
      expect(await isKnown(double(evaluation), 1e300, 1.5e308)).toBe(true);
    }
  });
});

describe("rounding of the interval of an activation's values", () => {
  it.each(EVALUATIONS)("is that of its ends: %s", async (evaluation) => {
    const deployed = arithmeticOf(evaluation);
    const own = of(evaluation);
    const bounds = { lower: column(-(2 ** 90), 0), upper: column(2 ** 91, 0) };
    const least = 8 * tau + deployed.underflow + deployed.flushed;
    const lost = deployed.underflow + deployed.flushed + tau;
    await expectNumbers(own.ofInterval(tape, box(), "exact", bounds), [8 * u * SIZE + least, least]);
    const relative = (8 * u + 2 * deployed.roundoff * GROWN) * SIZE + 2 * lost * (2 ** 90 + 2 ** 91);
    await expectNumbers(own.ofInterval(tape, box(), "relative", bounds), [relative + least, least]);
    const further = deployed.functions + 4 * functions + least;
    await expectNumbers(own.ofInterval(tape, box(), "approximate", bounds), [relative + further, further]);
  });
});
