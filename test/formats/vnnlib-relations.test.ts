import { describe, expect, it } from "vitest";
import { parseVnnlib } from "../../src/formats/vnnlib/parse.js";
import type { OutputConstraint } from "../../src/formats/vnnlib/property.js";
import { formatVnnlib } from "../../src/formats/vnnlib/write.js";

const HEAD = [
  ...["X_0", "X_1", "X_2", "Y_0", "Y_1"].map((name) => `(declare-const ${name} Real)`),
  ...["X_0", "X_1", "X_2"].map((name) => `(assert (>= ${name} -1))(assert (<= ${name} 1))`),
].join("\n");

const propertyOf = (...assertions: readonly string[]) =>
  parseVnnlib(HEAD + assertions.map((own) => `\n(assert ${own})`).join(""));
const rowsOf = (...assertions: readonly string[]): readonly OutputConstraint[] =>
  propertyOf(...assertions).cases[0]!.constraints;

const relation = (coefficients: Readonly<Record<number, number>>, bound: number, strict = false) => ({
  terms: [],
  inputs: Object.entries(coefficients).map(([input, coefficient]) => ({ input: Number(input), coefficient })),
  bound,
  strict,
});

describe("relations of inputs", () => {
  it.each([
    ["(<= (+ X_0 X_1) 1.0)", relation({ 0: 1, 1: 1 }, 1)],
    ["(> X_2 X_0)", relation({ 0: 1, 2: -1 }, 0, true)],
    ["(not (<= X_0 X_1))", relation({ 0: -1, 1: 1 }, 0, true)],
    ["(<= (+ (* 0.1 X_0) (* 0.2 X_2)) 0.3)", relation({ 0: 0.1, 2: 0.2 }, 0.3)],
    // 0.3 − 0.1 and 0.1 + 0.2 exactly, whatever doubles make of them.
    ["(<= (+ X_0 X_1 0.1) 0.3)", relation({ 0: 1, 1: 1 }, 0.2)],
    ["(<= (+ (* (+ 0.1 0.2) X_0) X_1) 1)", relation({ 0: 0.3, 1: 1 }, 1)],
    // A third is no decimal: the row is multiplied by 3.
    ["(<= (+ (/ X_0 3) X_1) 1)", relation({ 0: 1, 1: 3 }, 3)],
    // A bound between two doubles' decimals is the next one above, and strict.
    ["(<= (+ X_0 X_1) 0.30000000000000000001)", relation({ 0: 1, 1: 1 }, 0.30000000000000004, true)],
    ["(<= (- X_0 X_1) -0.30000000000000000001)", relation({ 0: 1, 1: -1 }, -0.3, true)],
  ])("%s", (text, row) => {
    expect(rowsOf(text)).toEqual([row]);
  });

  it("an equality is two", () => {
    expect(rowsOf("(= X_0 X_1)")).toEqual([relation({ 0: 1, 1: -1 }, 0), relation({ 0: -1, 1: 1 }, 0)]);
  });

  it("stand in the disjuncts that ask for them", () => {
    const { cases } = propertyOf("(or (and (<= X_0 X_1) (>= Y_0 1)) (<= Y_1 2))");
    expect(cases.map(({ constraints }) => constraints.map(({ inputs }) => inputs !== undefined))).toEqual([
      [true, false],
      [false],
    ]);
  });

  it("of a single input are bounds still", () => {
    const [{ box, constraints }] = propertyOf("(<= (+ X_0 X_1) (+ X_1 0.5))").cases as never as [
      { box: { upper: Float64Array }; constraints: readonly unknown[] },
    ];
    expect(constraints).toEqual([]);
    expect(box.upper[0]).toBe(0.5);
  });
});

it("comparisons of inputs with outputs take the doubles nearest to the file's, as those of outputs", () => {
  expect(rowsOf("(<= (+ Y_0 (* 0.1 X_1)) (* 2 X_0))")).toEqual([
    {
      terms: [{ output: 0, coefficient: 1 }],
      inputs: [
        { input: 0, coefficient: -2 },
        { input: 1, coefficient: 0.1 },
      ],
      bound: 0,
      strict: false,
    },
  ]);
});

it("what is written is read back", () => {
  const property = propertyOf("(<= (+ X_0 (* 0.1 X_1)) 0.3)", "(or (>= Y_0 X_2) (> (- Y_1 Y_0) (* 3 X_0)))");
  expect(parseVnnlib(formatVnnlib(property))).toEqual(property);
});

it("an input that there is not is not written", () => {
  const property = propertyOf("(<= X_0 X_1)");
  expect(() =>
    formatVnnlib({
      ...property,
      inputs: 3,
      cases: property.cases.map((own) => ({ ...own, constraints: [relation({ 3: 1 }, 0)] })),
    }),
  ).toThrow(/expected inputs X_0 to X_2, found X_3/);
});
