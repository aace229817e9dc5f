import { describe, expect, it } from "vitest";
import type { Deadline } from "../../src/compute/deadline.js";
import type { Subject } from "../../src/network/subject.js";
import { firstBroken } from "../../src/verify/falsify.js";
import type { OutputCase } from "../../src/verify/question.js";
import { caseOf, region } from "./by-hand.js";

// A point is a counterexample because the subject's own definition says so, at numbers that lie in the case's inputs.

const BOX = region([-1, -1], [1, 1]);
const least = caseOf([[1]], [0]);

/** Asks about points `[2, count]`, and says what the judge was shown. */
async function judge(
  points: readonly (readonly number[])[],
  outputs: number[],
  cases: readonly OutputCase[],
  says: (input: Float64Array) => number[],
  deadline?: Deadline,
) {
  const shown: number[][] = [];
  const subject = {
    evaluate: (input: Float64Array) => {
      shown.push(Array.from(input));
      return Float64Array.from(says(input));
    },
  } as unknown as Subject;
  const columns = Float64Array.from([0, 1].flatMap((f) => points.map((point) => point[f])));
  return { found: await firstBroken(subject, columns, outputs, cases, BOX, deadline), shown };
}

const POINTS = [
  [0.5, 0.25],
  [0.75, -0.5],
  [-0.25, 1],
];
const all = (own: OutputCase) => POINTS.map(() => own);

describe("the first that is broken", () => {
  it("is looked for among points that are worth a look, and judged in double precision", async () => {
    const { found, shown } = await judge(POINTS, [1, 0, -1], all(least), ([x]) => [x < 0 ? -2 : 1e-300]);
    expect(shown).toEqual(POINTS.slice(1));
    expect(found).toEqual({
      input: Float64Array.of(-0.25, 1),
      output: Float64Array.of(-2),
      case: least,
    });
    expect((await judge(POINTS, [1, 0, -1], all(least), () => [1e-300])).found).toBeNull();
    const strict = { ...least, strict: [true] };
    expect((await judge(POINTS, [0, 0, 0], all(strict), () => [0])).found).toBeNull();
  });

  it("is of its own case", async () => {
    const cases = [least, caseOf([[1]], [3]), least];
    const { found, shown } = await judge(POINTS, [1, 1, 1], cases, () => [1]);
    expect([shown, found?.case]).toEqual([[POINTS[1]], cases[1]]);
  });

  it("is no point whose outputs are not all numbers, though those that were asked about are", async () => {
    const first = caseOf([[1, 0]], [0]);
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const outputs = [0, 0, 0, 0, 0, 0];
      expect((await judge(POINTS, outputs, all(first), () => [-1, odd])).found).toBeNull();
      expect((await judge(POINTS, outputs, all(first), () => [-1, 0])).found).not.toBeNull();
    }
  });

  it("is shown in single precision if that breaks it, else as it is", async () => {
    const tenth = [[0.1, 0]];
    const both = await judge(tenth, [0], [least], () => [1]);
    expect(both.shown).toEqual([
      [Math.fround(0.1), 0],
      [0.1, 0],
    ]);
    const single = await judge(tenth, [0], [least], () => [0]);
    expect(Array.from(single.found?.input ?? [])).toEqual([Math.fround(0.1), 0]);
    const own = await judge(tenth, [0], [least], ([x]) => [x === 0.1 ? 0 : 1]);
    expect(Array.from(own.found?.input ?? [])).toEqual([0.1, 0]);
  });

  it("is within the case's own inputs", async () => {
    const inside = { ...least, inputs: region([0, 0], [0.25, 0.25]) };
    const { found } = await judge(POINTS, [0, 0, 0], all(inside), () => [0]);
    expect(Array.from(found?.input ?? [])).toEqual([0.25, 0.25]);
    const empty = { ...least, inputs: { ...region([0, 0], [0, 1]), upperStrict: [true, false] } };
    expect(await judge(POINTS, [0, 0, 0], all(empty), () => [0])).toEqual({ found: null, shown: [] });
  });
});

describe("where outputs are compared with inputs", () => {
  // y ≤ x₀, which the network's outputs and inputs must meet exactly; as a row it is about outputs (y, x₀ as the network has it).
  const constraint = {
    terms: [{ output: 0, coefficient: 1 }],
    inputs: [{ input: 0, coefficient: -1 }],
    ...{ bound: 0, strict: false },
  };
  const judged = { outputs: 1, constraints: [constraint], decimal: false };
  const mixed = caseOf([[1, -1]], [0], { judged });
  const one = [[0.25, 0]];

  it("both are taken as they are, not as the network hands them on", async () => {
    // The network's own copy of x₀ is wrong.
    expect((await judge(one, [0.5, 0.75], [mixed], () => [0.5, 0.75])).found).toBeNull();
    expect((await judge(one, [0.5, 0.75], [mixed], () => [0.25, 0.75])).found).toEqual({
      ...{ input: Float64Array.of(0.25, 0), output: Float64Array.of(0.25), case: mixed },
    });
    // Nor is it enough that they meet, if the rows do not.
    expect((await judge(one, [0.25, 0.25], [mixed], () => [0.25, 0.125])).found).toBeNull();
  });
});

describe("after the deadline", () => {
  const passed = { passed: true } as unknown as Deadline;

  it("one point is judged, and no second one", async () => {
    const late = await judge(POINTS, [1, 0, 0], all(least), () => [1], passed);
    expect(late).toEqual({ found: null, shown: [POINTS[1]] });
    const found = await judge(POINTS, [1, 0, 0], all(least), () => [0], passed);
    expect(found.found?.input).toEqual(Float64Array.from(POINTS[1]));
    const open = { passed: false } as unknown as Deadline;
    for (const deadline of [undefined, open]) {
      expect((await judge(POINTS, [1, 0, 0], all(least), () => [1], deadline)).shown).toHaveLength(2);
    }
  });
});
