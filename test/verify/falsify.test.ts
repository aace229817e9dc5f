import { describe, expect, it } from "vitest";
import { Deadline } from "../../src/compute/deadline.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { type Subject, subjectOf } from "../../src/network/subject.js";
import { falsify, firstBroken } from "../../src/verify/falsify.js";
import type { OutputCase, Question } from "../../src/verify/question.js";
import { noHurry } from "./subjects.js";

/** y = |x₀| + |x₁|, by four ReLUs. */
const network = sequential([2], [linear(4), relu(), linear(1)]);
const weights = new Map([
  ["linear1.weight", Float64Array.of(1, 0, -1, 0, 0, 1, 0, -1)],
  ["linear1.bias", new Float64Array(4)],
  ["linear2.weight", Float64Array.of(1, 1, 1, 1)],
  ["linear2.bias", new Float64Array(1)],
]);
const subject = subjectOf(createPortableBackend(), { network, weights });

/** sign·y ≤ bound. */
const caseOf = (sign: number, bound: number, strict = false): OutputCase => ({
  ...{ number: 0, rows: 1, outputs: 1, strict: [strict] },
  coefficients: Float64Array.of(sign),
  bounds: Float64Array.of(bound),
});

const question = (own: OutputCase, lower: number[], upper: number[]): Question => ({
  lower: Float64Array.from(lower),
  upper: Float64Array.from(upper),
  cases: [own],
});

const OPTIONS = { seed: 0, restarts: 8, steps: 60, deadline: noHurry() };

describe("falsify", () => {
  it("finds a corner, on the box's own numbers to the last bit", async () => {
    const [low, high] = [-0.1, 0.7000000001];
    const found = await falsify(subject, question(caseOf(-1, -2 * high), [low, low], [high, high]), OPTIONS);
    expect([...(found?.input ?? [])]).toEqual([high, high]);
    expect([...(found?.output ?? [])]).toEqual([2 * high]);
  });

  it("finds a point in the middle, rounded to single precision", async () => {
    const found = await falsify(subject, question(caseOf(1, 0.05), [-1.3, -0.9], [1, 1]), OPTIONS);
    const input = [...(found?.input ?? [])];
    expect(input.map(Math.fround)).toEqual(input);
    expect(Math.abs(input[0]) + Math.abs(input[1])).toBeLessThanOrEqual(0.05);
    expect([...(found?.output ?? [])]).toEqual([Math.abs(input[0]) + Math.abs(input[1])]);
  });

  it("stays in the box where single precision does not", async () => {
    const low = 0.1 + 1e-12;
    const high = low + 1e-13;
    const found = await falsify(subject, question(caseOf(1, 1), [low, -1], [high, 1]), OPTIONS);
    expect(found?.input[0]).toBeGreaterThanOrEqual(low);
    expect(found?.input[0]).toBeLessThanOrEqual(high);
    expect(Math.fround(found?.input[1] ?? 0)).toBe(found?.input[1]);
  });

  it("finds nothing where nothing is, even at the boundary of a strict row", async () => {
    expect(await falsify(subject, question(caseOf(1, -1e-9), [-1, -1], [1, 1]), OPTIONS)).toBeNull();
    const point = question(caseOf(1, 0.5, true), [0.25, 0.25], [0.25, 0.25]);
    expect(await falsify(subject, point, OPTIONS)).toBeNull();
    const touching = question(caseOf(1, 0.5), [0.25, 0.25], [0.25, 0.25]);
    expect([...((await falsify(subject, touching, OPTIONS))?.input ?? [])]).toEqual([0.25, 0.25]);
  });

  it("looks once when there is no time", async () => {
    const late = { ...OPTIONS, deadline: Deadline.in(-1) };
    const found = await falsify(subject, question(caseOf(1, 0.1), [-1, -1], [1, 1]), late);
    expect(found).not.toBeNull();
    expect(await falsify(subject, question(caseOf(-1, -2), [-1, -1], [1, 1]), late)).toBeNull();
  });

  it("gives the same point for the same seed", async () => {
    const ask = (seed: number) =>
      falsify(subject, question(caseOf(-1, -1.2), [-1, -1], [1, 0.8]), { ...OPTIONS, seed });
    expect((await ask(3))?.input).toEqual((await ask(3))?.input);
  });
});

describe("firstBroken", () => {
  const whole = { lower: Float64Array.of(-1, -1), upper: Float64Array.of(1, 1) };
  const ask = (judge: Subject, outputs: number[], own = caseOf(1, 0.5)) =>
    firstBroken(judge, Float64Array.of(0.1, 0.2, 0.3, 0.4), outputs, [own, own], whole);
  const judgedBy = (evaluate: (input: Float64Array) => number) => ({
    ...subject,
    evaluate: (input: Float64Array) => Float64Array.of(evaluate(input)),
  });

  it("believes the subject's own definition, not the backend's outputs", async () => {
    expect(
      await ask(
        judgedBy(() => 1),
        [0, 0],
      ),
    ).toBeNull();
    expect(
      await ask(
        judgedBy(() => 0),
        [1, 1],
      ),
    ).toBeNull();
    expect(
      (
        await ask(
          judgedBy(() => 0.5),
          [1, 0.5],
        )
      )?.input,
    ).toEqual(Float64Array.of(Math.fround(0.2), Math.fround(0.4)));
  });

  it("takes the unrounded point where the rounded one breaks nothing", async () => {
    const found = await ask(
      judgedBy((x) => (Math.fround(x[0]) === x[0] ? 1 : 0)),
      [0, 0],
    );
    expect([...(found?.input ?? [])]).toEqual([0.1, 0.3]);
  });

  it("never takes NaN or an overflow for outputs", async () => {
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      expect(
        await ask(
          judgedBy(() => value),
          [0, 0],
        ),
      ).toBeNull();
      const anything = { ...caseOf(1, 0), rows: 0, strict: [], bounds: new Float64Array(0) };
      expect(
        await ask(
          judgedBy(() => value),
          [0, 0],
          anything,
        ),
      ).toBeNull();
    }
  });

  it("puts a point that rounding moved out of the box back", async () => {
    const least = 5e-324;
    const box = { lower: Float64Array.of(least, 0), upper: Float64Array.of(least, 0) };
    const found = await firstBroken(subject, Float64Array.of(0, 0), [0], [caseOf(1, 1)], box);
    expect([...(found?.input ?? [])]).toEqual([least, 0]);
  });
});
