import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { decimalOf } from "../../src/formats/vnnlib/decimal.js";
import { parseVnnlib } from "../../src/formats/vnnlib/parse.js";
import { compare, rationalOf, rationalOfDouble } from "../../src/formats/vnnlib/rational.js";
import { nextDown, nextUp } from "../../src/formats/vnnlib/rounding.js";
import { formatCounterexample } from "../../src/formats/vnnlib/write.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { subjectOf } from "../../src/network/subject.js";
import { firstBroken } from "../../src/verify/falsify.js";
import { questionsOf } from "../../src/verify/question.js";
import { verify } from "../../src/verify/verify.js";

/** y = relu(x) + relu(−x) = |x|. */
const network = sequential([1], [linear(2), relu(), linear(1)]);
const weights = new Map([
  ["linear1.weight", Float64Array.of(1, -1)],
  ["linear1.bias", new Float64Array(2)],
  ["linear2.weight", Float64Array.of(1, 1)],
  ["linear2.bias", new Float64Array(1)],
]);
const subject = subjectOf(createPortableBackend({ dtype: "float64" }), { network, weights });

const propertyOf = (formula: string) =>
  parseVnnlib(`(declare-const X_0 Real)(declare-const Y_0 Real)(assert (and ${formula}))`, "p");

/** The answer, what settled the first case, and the input that breaks it. */
async function ask(formula: string, split: "auto" | "inputs" | "neurons" = "auto") {
  const { answer, counterexample, cases } = await verify(subject, propertyOf(formula), {
    timeout: 0.4,
    split,
  });
  return { answer, step: cases[0].step, x: counterexample?.input[0] ?? null };
}

describe("a counterexample", () => {
  it("may lie on a bound that is not strict, and may not where it is", async () => {
    expect(await ask("(>= X_0 0) (<= X_0 1) (>= Y_0 1)")).toMatchObject({ answer: "violated", x: 1 });
    expect(await ask("(>= X_0 -1) (<= X_0 0) (>= Y_0 1)")).toMatchObject({ answer: "violated", x: -1 });
    for (const split of ["auto", "inputs", "neurons"] as const) {
      expect(await ask("(>= X_0 0) (< X_0 1) (>= Y_0 1)", split)).toMatchObject({ answer: "unknown" });
      expect(await ask("(> X_0 -1) (<= X_0 0) (>= Y_0 1)", split)).toMatchObject({ answer: "unknown" });
    }
  });

  it("is the double next to a strict bound where only that one breaks the property", async () => {
    const last = nextDown(1);
    expect(await ask(`(>= X_0 0) (< X_0 1) (>= Y_0 ${last})`)).toMatchObject({ answer: "violated", x: last });
    expect(await ask(`(> X_0 -1) (<= X_0 0) (>= Y_0 ${last})`)).toMatchObject({
      answer: "violated",
      x: -last,
    });
  });

  it("is not looked for between two doubles, where there are real numbers but no other doubles", async () => {
    const between = `(> X_0 1) (< X_0 ${nextUp(1)})`;
    expect(await ask(`${between} (>= Y_0 0.5)`)).toMatchObject({ answer: "unknown", x: null });
    expect(await ask(`${between} (>= Y_0 2)`)).toMatchObject({ answer: "holds", step: "parallel" });
    expect(await ask("(= (* 3 X_0) 1) (>= Y_0 0.1)")).toMatchObject({ answer: "unknown", x: null });
  });

  it("may stand for a decimal that no double is", async () => {
    expect(await ask("(= X_0 0.1) (>= Y_0 0.05)")).toMatchObject({ answer: "violated", x: 0.1 });
    // Of the doubles within the bound, none reaches it; 0.1 is read as the double that is judged.
    expect(await ask("(>= X_0 0) (<= X_0 0.1) (>= Y_0 0.1)")).toMatchObject({ answer: "violated", x: 0.1 });
    expect(await ask("(>= X_0 0) (< X_0 0.1) (>= Y_0 0.1)")).toMatchObject({ answer: "unknown" });
  });

  it("is itself within the decimals of the file where a double is", async () => {
    // 0.1 as a double is above a tenth, 0.3 below three.
    expect(await ask("(>= X_0 0.05) (<= X_0 0.1) (>= Y_0 0.09999999)")).toMatchObject({ x: nextDown(0.1) });
    expect(await ask("(>= X_0 0.3) (<= X_0 0.4) (<= Y_0 0.30000001)")).toMatchObject({ x: nextUp(0.3) });
  });

  it("lies within the bounds as they are written, in binary, in decimal and read back", async () => {
    const bound = fc.integer({ min: -(10 ** 9), max: 10 ** 9 }).chain((digits) =>
      fc.integer({ min: 3, max: 22 }).map((places) => {
        const text = String(Math.abs(digits)).padStart(places + 1, "0");
        return `${digits < 0 ? "-" : ""}${text.slice(0, -places)}.${text.slice(-places)}`;
      }),
    );
    let found = 0;
    await fc.assert(
      fc.asyncProperty(bound, bound, fc.boolean(), fc.boolean(), async (a, b, below, above) => {
        const [low, high] = compare(rationalOf(a), rationalOf(b)) <= 0 ? [a, b] : [b, a];
        const [question] = questionsOf(
          propertyOf(`(${below ? ">" : ">="} X_0 ${low}) (${above ? "<" : "<="} X_0 ${high}) (>= Y_0 -1)`),
        );
        if (!question) return;
        for (const x of [question.lower[0], question.upper[0], 1e10, -1e10]) {
          const hit = await firstBroken(subject, Float64Array.of(x), [0], question.cases, question);
          if (!hit) continue;
          found++;
          const isIn = (value: ReturnType<typeof rationalOf>) =>
            compare(rationalOf(low), value) <= (below ? -1 : 0) &&
            compare(value, rationalOf(high)) <= (above ? -1 : 0);
          const [, text] = /^\(\(X_0 ([^)]+)\)/.exec(formatCounterexample(hit.input, hit.output))!;
          expect(isIn(rationalOf(text))).toBe(true);
          expect(Number(text)).toBe(hit.input[0]);
          // A point alone may be no double.
          if (low !== high) expect(isIn(rationalOfDouble(hit.input[0]))).toBe(true);
          else expect(compare(decimalOf(hit.input[0]), rationalOf(low))).toBe(0);
        }
      }),
      { numRuns: 400 },
    );
    expect(found).toBeGreaterThan(500);
  });
});

describe("an empty set of inputs", () => {
  it.each([
    "(< X_0 1) (> X_0 1)",
    "(< X_0 1) (>= X_0 1)",
    "(>= X_0 1) (<= X_0 0)",
    "(>= X_0 0.1) (<= X_0 0.09999999999999999999)",
  ])("holds whatever the outputs: %s", async (bounds) => {
    for (const outputs of ["(>= Y_0 0)", "(<= Y_0 -1)"]) {
      expect(await ask(`${bounds} ${outputs}`)).toEqual({ answer: "holds", step: "empty box", x: null });
    }
  });

  it("of one case leaves the others as they are", async () => {
    const { cases, ...property } = propertyOf("(>= X_0 0) (<= X_0 1) (or (>= Y_0 5) (>= Y_0 6))");
    const [first, second] = cases;
    const point = { lower: Float64Array.of(1), upper: Float64Array.of(1), upperStrict: [true] };
    const verdict = await verify(
      subject,
      { ...property, cases: [{ ...first, box: point }, second] },
      { timeout: 5 },
    );
    expect(verdict.answer).toBe("holds");
    expect(verdict.cases.map(({ step }) => step)).toEqual(["empty box", "parallel"]);
  });
});

describe("questions", () => {
  it("are about a closed box of doubles that encloses the set", () => {
    const [question] = questionsOf(propertyOf("(> X_0 0.1) (<= X_0 0.7)"));
    expect([question.lower[0], question.upper[0]]).toEqual([nextDown(0.1), nextUp(0.7)]);
    expect(question.cases[0].inputs).toEqual(question.inputs);
  });

  it("differ where boxes differ in strictness alone", () => {
    const property = propertyOf("(>= X_0 0) (or (<= X_0 1) (< X_0 1) (<= X_0 1)) (>= Y_0 1)");
    expect(questionsOf(property).map(({ cases }) => cases.map(({ number }) => number))).toEqual([
      [0, 2],
      [1],
    ]);
  });

  it("of doubles have nothing more to say", () => {
    const { decimal: _, ...doubles } = propertyOf("(>= X_0 0.1) (<= X_0 0.7) (>= Y_0 1)");
    const [question] = questionsOf(doubles);
    expect([question.lower[0], question.upper[0]]).toEqual([0.1, 0.7]);
    expect("inputs" in question || "inputs" in question.cases[0]).toBe(false);
  });
});
