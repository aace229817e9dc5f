import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import { parseVnnlib } from "../../src/formats/vnnlib/parse.js";
import type { OutputConstraint } from "../../src/formats/vnnlib/property.js";

const X2 = "(declare-const X_0 Real)\n(declare-const X_1 Real)\n";
const Y3 = "(declare-const Y_0 Real)\n(declare-const Y_1 Real)\n(declare-const Y_2 Real)\n";
const UNIT = "(assert (>= X_0 0))\n(assert (<= X_0 1))\n(assert (>= X_1 0))\n(assert (<= X_1 1))\n";
/** Two inputs in the unit box and three outputs, on eleven lines; line 12 is what comes next. */
const HEAD = `; a property\n\n${X2}${Y3}${UNIT}`;

const parse = (text: string) => parseVnnlib(text, "p.vnnlib");
const constraintsOf = (formula: string) =>
  parse(`${HEAD}(assert ${formula})`).cases.map((c) => c.constraints);
const boxesOf = (formula: string) =>
  parse(`${X2}${Y3}(assert ${formula})`).cases.map(({ box }) => [[...box.lower], [...box.upper]]);

/** The constraint with these coefficients of Y_0, Y_1, ... */
function sum(coefficients: readonly number[], bound: number, strict = false): OutputConstraint {
  const terms = coefficients.map((coefficient, output) => ({ output, coefficient }));
  return { terms: terms.filter(({ coefficient }) => coefficient !== 0), bound, strict };
}

describe("properties of VNN-COMP", () => {
  it("reads ACAS Xu's: one box, and a conjunction of comparisons of outputs", () => {
    const text = `; ACAS Xu property 3
${["X_0", "X_1", "Y_0", "Y_1", "Y_2"].map((name) => `(declare-const ${name} Real)`).join("\n")}
; Unscaled Input 0: (1500, 1800)
(assert (<= X_0 -0.298552812))
(assert (>= X_0 -0.303531156))
(assert (<= X_1 0.5)) (assert (>= X_1 -0.5))
; Y_0 is minimal
(assert (<= Y_0 Y_1))
(assert (<= Y_0 Y_2))
`;
    expect(parse(text)).toEqual({
      inputs: 2,
      outputs: 3,
      cases: [
        {
          box: { lower: Float64Array.of(-0.303531156, -0.5), upper: Float64Array.of(-0.298552812, 0.5) },
          constraints: [sum([1, -1], 0), sum([1, 0, -1], 0)],
        },
      ],
    });
  });

  it("reads MNIST's: a box of 784 inputs, and one disjunct for each other class", () => {
    const lines: string[] = [];
    for (let i = 0; i < 784; i++) lines.push(`(declare-const X_${i} Real)`);
    for (let i = 0; i < 10; i++) lines.push(`(declare-const Y_${i} Real)`);
    for (let i = 0; i < 784; i++)
      lines.push(`(assert (<= X_${i} ${i + 0.5}))`, `(assert (>= X_${i} ${i - 0.5}))`);
    const others = [0, 1, 2, 3, 4, 5, 6, 8, 9];
    lines.push("(assert (or", ...others.map((other) => `    (and (>= Y_${other} Y_7))`), "))");
    const property = parse(lines.join("\n"));
    expect([property.inputs, property.outputs]).toEqual([784, 10]);
    expect(property.cases.map(({ constraints }) => constraints)).toEqual(
      others.map((other) => {
        const terms = [
          { output: other, coefficient: -1 },
          { output: 7, coefficient: 1 },
        ];
        return [{ terms: terms.sort((a, b) => a.output - b.output), bound: 0, strict: false }];
      }),
    );
    for (const { box } of property.cases) expect(box).toBe(property.cases[0]!.box);
    expect(property.cases[0]!.box.lower).toEqual(Float64Array.from({ length: 784 }, (_, i) => i - 0.5));
    expect(property.cases[0]!.box.upper).toEqual(Float64Array.from({ length: 784 }, (_, i) => i + 0.5));
  });

  it("reads several input sets, each with its outputs", () => {
    const { cases } = parse(`${X2}${Y3}(assert (or
      (and (>= X_0 0) (<= X_0 1) (>= X_1 2) (<= X_1 3) (<= Y_0 1))
      (and (>= X_0 4) (<= X_0 5) (>= X_1 6) (<= X_1 7) (>= Y_1 Y_2) (> Y_0 9))))`);
    expect(cases).toEqual([
      {
        box: { lower: Float64Array.of(0, 2), upper: Float64Array.of(1, 3) },
        constraints: [sum([1], 1)],
      },
      {
        box: { lower: Float64Array.of(4, 6), upper: Float64Array.of(5, 7) },
        constraints: [sum([0, -1, 1], 0), sum([-1], -9, true)],
      },
    ]);
  });

  it("multiplies input sets with output sets, in the order of the file", () => {
    const { cases } = parse(`${X2}${Y3}
(assert (or (and (>= X_0 0) (<= X_0 1)) (and (>= X_0 4) (<= X_0 5))))
(assert (or (<= Y_0 0) (<= Y_1 0) (<= Y_2 0)))
(assert (and (>= X_1 2) (<= X_1 3)))
(assert (<= Y_0 7))`);
    const found = cases.map(({ box, constraints }) => [...box.lower, ...box.upper, constraints.length]);
    const low = [0, 2, 1, 3, 2];
    const high = [4, 2, 5, 3, 2];
    expect(found).toEqual([low, low, low, high, high, high]);
    expect(cases.map(({ constraints }) => constraints[1]!.terms[0]!.output)).toEqual([0, 1, 2, 0, 1, 2]);
    for (const { constraints } of cases) expect(constraints[0]).toEqual(sum([1], 7));
  });
});

describe("linear expressions", () => {
  it.each<[string, OutputConstraint]>([
    ["(<= Y_0 1.5)", sum([1], 1.5)],
    ["(<= 1.5 Y_0)", sum([-1], -1.5)],
    ["(>= Y_0 1.5)", sum([-1], -1.5)],
    ["(< Y_0 -1e-3)", sum([1], -0.001, true)],
    ["(> Y_0 +2.5E+1)", sum([-1], -25, true)],
    ["(<= Y_0 (- 0.5))", sum([1], -0.5)],
    ["(<= Y_0 (- (- 5)))", sum([1], 5)],
    ["(<= Y_0 (/ 1 255))", sum([1], 1 / 255)],
    ["(<= Y_0 (/ (- 3) 4.0))", sum([1], -0.75)],
    ["(<= Y_0 .5)", sum([1], 0.5)],
    ["(<= Y_0 5.)", sum([1], 5)],
    ["(<= Y_0 0007)", sum([1], 7)],
    ["(<= Y_0 -0.0)", sum([1], 0)],
    ["(<= Y_0 0e-999)", sum([1], 0)],
    ["(<= (+ Y_0 Y_1 1) (+ Y_2 4))", sum([1, 1, -1], 3)],
    ["(<= (- Y_0 Y_1 2) 0)", sum([1, -1], 2)],
    ["(<= (- Y_0) 3)", sum([-1], 3)],
    ["(<= (+ Y_2 (* 2 Y_0)) 3)", sum([2, 0, 1], 3)],
    ["(<= (* Y_0 3) 3)", sum([3], 3)],
    ["(<= (* 2 (- Y_0 (* 0.5 Y_1 4)) 3) 3)", sum([6, -12], 3)],
    ["(<= (/ (+ Y_0 Y_1) 2) 3)", sum([0.5, 0.5], 3)],
    ["(<= (+ Y_0 Y_0) Y_0)", sum([1], 0)],
    ["(<= (+ Y_0 Y_1) Y_0)", sum([0, 1], 0)],
    ["(<= (+ Y_0 (* 0 X_0)) 1)", sum([1], 1)],
    ["(<= Y_0 (+ 1e308 (- 1e308)))", sum([1], 0)],
    ["(not (<= Y_0 1))", sum([-1], -1, true)],
    ["(not (not (< Y_0 1)))", sum([1], 1, true)],
  ])("%s", (formula, constraint) => {
    expect(constraintsOf(formula)).toEqual([[constraint]]);
  });

  it("makes two constraints of an equation of outputs, and two disjuncts of its negation", () => {
    expect(constraintsOf("(= Y_0 (+ Y_1 1))")).toEqual([[sum([1, -1], 1), sum([-1, 1], -1)]]);
    expect(constraintsOf("(not (= Y_0 1))")).toEqual([[sum([1], 1, true)], [sum([-1], -1, true)]]);
  });
});

describe("normal form", () => {
  const [a, b, c] = [sum([1], 0), sum([0, 1], 0), sum([0, 0, 1], 0)];
  const [A, B, C] = ["(<= Y_0 0)", "(<= Y_1 0)", "(<= Y_2 0)"];

  it.each<[string, OutputConstraint[][]]>([
    [`(and ${A} ${B})`, [[a, b]]],
    [`(or ${A} ${B})`, [[a], [b]]],
    [`(or (and ${A}))`, [[a]]],
    [`(or (or ${A} (or ${B})) ${C})`, [[a], [b], [c]]],
    [
      `(and ${A} (or ${B} ${C}))`,
      [
        [a, b],
        [a, c],
      ],
    ],
    [
      `(and (or ${A} ${B}) ${C})`,
      [
        [c, a],
        [c, b],
      ],
    ],
    [`(or (and ${A} (or ${B} ${C})) ${C})`, [[a, b], [a, c], [c]]],
    [`(not (and (not ${A}) (not (or ${B} ${C}))))`, [[a], [b], [c]]],
    [`(or ${A} (and ${B} (<= 1 0)))`, [[a]]],
    [`(or ${A} (< 1 1))`, [[a]]],
    [`(and ${A} (<= 0 1) (= 2 2) (< 1 2) (>= 2 2) (not (> 1 1)))`, [[a]]],
    [`(or ${A} (<= 0 1))`, [[a], []]],
    ["(<= Y_0 Y_0)", [[]]],
  ])("%s", (formula, constraints) => {
    expect(constraintsOf(formula)).toEqual(constraints);
  });

  it("keeps a case without constraints", () => {
    expect(parse(HEAD).cases).toEqual([
      { box: { lower: Float64Array.of(0, 0), upper: Float64Array.of(1, 1) }, constraints: [] },
    ]);
  });
});

describe("boxes", () => {
  const one = "(>= X_1 0) (<= X_1 1)";

  it.each<[string, number[][][]]>([
    [
      `(and (= X_0 0.25) ${one})`,
      [
        [
          [0.25, 0],
          [0.25, 1],
        ],
      ],
    ],
    [
      `(and (> X_0 0) (< X_0 2) (<= X_0 3) (>= 1 X_0) ${one})`,
      [
        [
          [0, 0],
          [1, 1],
        ],
      ],
    ],
    [
      `(and (not (< X_0 0)) (not (>= X_0 2)) ${one})`,
      [
        [
          [0, 0],
          [2, 1],
        ],
      ],
    ],
    [
      `(and (<= (- (* 2 X_0) 1) 4) (<= (- X_0) 3) ${one})`,
      [
        [
          [-3, 0],
          [2.5, 1],
        ],
      ],
    ],
    [
      `(and (> X_0 0) (< X_0 0) ${one})`,
      [
        [
          [0, 0],
          [0, 1],
        ],
      ],
    ],
    [
      `(and (<= X_0 (/ 1 255)) (>= X_0 (/ (- 1) 255)) ${one})`,
      [
        [
          [-1 / 255, 0],
          [1 / 255, 1],
        ],
      ],
    ],
    [
      `(and (>= X_0 0) (<= X_0 9) (not (= X_0 4)) ${one})`,
      [
        [
          [0, 0],
          [4, 1],
        ],
        [
          [4, 0],
          [9, 1],
        ],
      ],
    ],
    [
      `(and (>= X_0 0) ${one} (or (<= X_0 -1) (<= X_0 3)))`,
      [
        [
          [0, 0],
          [3, 1],
        ],
      ],
    ],
  ])("%s", (formula, boxes) => {
    expect(boxesOf(formula)).toEqual(boxes);
  });

  it("rounds what cannot be divided or moved exactly so that the box grows", () => {
    const [[lower, upper]] = boxesOf(`(and (= (* 3 X_0) 1) (<= (+ X_1 0.1) 0.3) (>= (+ X_1 0.1) 0.3))`) as [
      [[number, number], [number, number]],
    ];
    // Doubles of this size are integers after scaling, so that the comparisons are exact.
    const thirds = (value: number) => 3n * BigInt(value * 2 ** 60);
    expect(thirds(lower[0]) < 2n ** 60n && 2n ** 60n < thirds(upper[0])).toBe(true);
    expect(upper[0] - lower[0]).toBeLessThan(2 ** -52);
    const scaled = (value: number) => BigInt(value * 2 ** 60);
    expect(
      scaled(lower[1]) <= scaled(0.3) - scaled(0.1) && scaled(0.3) - scaled(0.1) <= scaled(upper[1]),
    ).toBe(true);
    expect(upper[1] - lower[1]).toBeLessThan(2 ** -52);
  });

  it("shares a box among the cases that do not narrow it", () => {
    const { cases } = parse(
      `${HEAD}(assert (or (<= Y_0 0) (and (<= X_0 3) (<= Y_0 1)) (and (<= X_0 0.5) (<= Y_0 2))))`,
    );
    expect(cases[1]!.box).toBe(cases[0]!.box);
    expect([...cases[2]!.box.upper]).toEqual([0.5, 1]);
    expect([...cases[0]!.box.upper]).toEqual([1, 1]);
  });
});

describe("what else a file may hold", () => {
  it.each([
    ["declare-fun", HEAD.replaceAll("declare-const", "declare-fun").replaceAll(" Real", " () Real")],
    ["another order of declarations", `${Y3}(declare-const X_1 Real)(declare-const X_0 Real)${UNIT}`],
    ["declarations between assertions", `${X2}${UNIT}${Y3}`],
    ["other line ends", HEAD.replaceAll("\n", "\r\n")],
    ["all on one line", `${X2}${Y3}${UNIT}`.replaceAll("\n", "")],
    ["comments anywhere", `${HEAD.replace("; a property", "").replaceAll(" ", " ; ) (assert\n ")};the end`],
    ["tabs", HEAD.replaceAll(" ", "\t")],
  ])("%s", (_, text) => {
    expect(parse(text)).toEqual(parse(HEAD));
  });
});

describe("large files", () => {
  it("takes thousands of disjuncts in one or", () => {
    const disjuncts = Array.from({ length: 200_000 }, (_, i) => `(and (<= Y_0 ${i}) (>= Y_1 Y_2))`);
    const { cases } = parse(`${HEAD}(assert (or ${disjuncts.join("\n")}))`);
    expect(cases.length).toBe(200_000);
    expect(cases.at(-1)!.constraints).toEqual([sum([1], 199_999), sum([0, -1, 1], 0)]);
    expect(cases.every(({ box }) => box === cases[0]!.box)).toBe(true);
  });

  it("takes a hundred thousand assertions, and a sum of as many terms", () => {
    const assertions = Array.from({ length: 100_000 }, (_, i) => `(assert (<= Y_0 ${i}))`).join("\n");
    expect(parse(HEAD + assertions).cases[0]!.constraints.length).toBe(100_000);
    expect(constraintsOf(`(<= (+ ${"Y_0 Y_1 ".repeat(100_000)}) 1)`)).toEqual([[sum([100_000, 100_000], 1)]]);
  });

  it("nests as deep as it allows", () => {
    const nest = (open: string, depth: number, inside: string) =>
      open.repeat(depth) + inside + ")".repeat(depth);
    expect(constraintsOf(nest("(and ", 250, "(<= Y_0 1)"))).toEqual([[sum([1], 1)]]);
    expect(constraintsOf(nest("(not ", 250, "(<= Y_0 1)"))).toEqual([[sum([1], 1)]]);
    expect(constraintsOf(`(<= ${nest("(- ", 250, "Y_0")} 1)`)).toEqual([[sum([1], 1)]]);
    const alternatives = "(or (<= Y_1 0) (and (<= Y_2 0) ".repeat(100);
    const chained = constraintsOf(`${alternatives}(<= Y_0 1)${"))".repeat(100)}`);
    expect(chained.map(({ length }) => length)).toEqual([
      ...Array.from({ length: 100 }, (_, i) => i + 1),
      101,
    ]);
  });
});

function errorOf(text: string): Error {
  try {
    parse(text);
  } catch (error) {
    return error as Error;
  }
  throw new Error(`no error for ${text.slice(0, 200)}`);
}

describe("errors", () => {
  const or = (count: number) => `(assert (or ${"(<= Y_0 1) ".repeat(count)}))\n`;
  it.each<[string, string, RegExp]>([
    ["an empty file", "", /^p.vnnlib: line 1: expected declarations .*found none; is the file empty/],
    ["only comments", "; nothing\n;\n", /line 1: expected declarations/],
    ["no outputs", `${X2}${UNIT}`, /line 7: expected declarations of outputs Y_0.*found none/],
    ["no inputs", Y3, /line 4: expected declarations of inputs X_0.*found none/],
    [
      "a truncated file",
      `${HEAD}(assert (or\n(<= Y_0`,
      /line 13: expected "\)" for the "\(" of line 13, found the end/,
    ],
    ["a word outside", `${HEAD}nonsense`, /line 12: expected "\(" before .*found "nonsense"/],
    ["a parenthesis too many", `${HEAD}(assert (<= Y_0 1)))`, /line 12: expected "\(" before .*found "\)"/],
    ["an empty list", `${HEAD}()`, /line 12: expected declare-const, declare-fun or assert, found "\(\)"/],
    ["another command", `${HEAD}(check-sat)`, /line 12: expected declare-const.*found "check-sat"/],
    ["VNN-LIB 2.0", "(vnnlib-version <2.0>)", /line 1: expected declare-const.*found "vnnlib-version"/],
    ["another sort", "(declare-const X_0 Int)", /line 1: expected the sort Real, found "Int"/],
    ["another name", "\n(declare-const Z_0 Real)", /line 2: expected a variable X_0, .*found "Z_0"/],
    ["an index with zeros", "(declare-const X_00 Real)", /found "X_00"/],
    [
      "half a declaration",
      "(declare-const X_0)",
      /expected \(declare-const NAME Real\), found "\(declare-const X_0\)"/,
    ],
    [
      "a function of reals",
      "(declare-fun X_0 (Real) Real)",
      /expected \(declare-fun NAME \(\) Real\), found/,
    ],
    [
      "a second declaration",
      `${HEAD}(declare-const Y_1 Real)`,
      /line 12: expected one declaration of Y_1, found another after line 6/,
    ],
    [
      "a gap",
      `${X2}${Y3}(declare-const Y_4 Real)`,
      /line 6: expected outputs numbered from 0 without gaps, found Y_4 without Y_3/,
    ],
    [
      "an index beyond all",
      "(declare-const Y_0 Real)(declare-const X_999999999 Real)",
      /found X_999999999 without X_0/,
    ],
    ["no formula", `${HEAD}(assert)`, /line 12: expected one formula in assert, found 0/],
    ["two formulas", `${HEAD}(assert (<= Y_0 1) (<= Y_0 1))`, /expected one formula in assert, found 2/],
    [
      "a word for a formula",
      `${HEAD}(assert true)`,
      /expected a list of and, or, not or a comparison, found "true"/,
    ],
    [
      "an unknown connective",
      `${HEAD}(assert\n(=> (<= Y_0 1) (<= Y_0 1)))`,
      /line 13: expected and, or, .*found "=>"/,
    ],
    ["a list for a connective", `${HEAD}(assert ((and) 1))`, /expected and, or, .*found "\(\(and\) 1\)"/],
    ["an and of nothing", `${HEAD}(assert (and))`, /expected 1 or more operands of and, found 0/],
    ["a not of two", `${HEAD}(assert (not (<= 0 1) (<= 0 1)))`, /expected 1 operands of not, found 2/],
    [
      "a chain of comparisons",
      `${HEAD}(assert (<= 0 Y_0 1))`,
      /line 12: expected 2 operands of <=, found 3 in "\(<= 0 Y_0 1\)"/,
    ],
    ["half a comparison", `${HEAD}(assert (= Y_0))`, /expected 2 operands of =, found 1/],
    ["a sum of nothing", `${HEAD}(assert (<= (+) Y_0))`, /expected 1 or more operands of \+, found 0/],
    ["a fraction of one", `${HEAD}(assert (<= (/ 2) Y_0))`, /expected 2 operands of \/, found 1/],
    [
      "an undeclared variable",
      `${HEAD}(assert (<= Y_3 1))`,
      /line 12: expected a declared variable, found "Y_3"/,
    ],
    [
      "a variable before its declaration",
      `${X2}(assert (<= Y_0 1))${Y3}`,
      /line 3: expected a declared variable, found "Y_0"/,
    ],
    ["NaN", `${HEAD}(assert (<= Y_0 nan))`, /expected a number or a declared variable, found "nan"/],
    ["an infinity", `${HEAD}(assert (<= Y_0 -inf))`, /found "-inf"/],
    ["a number with rests", `${HEAD}(assert (<= Y_0 1.2.3))`, /found "1.2.3"/],
    ["a hexadecimal number", `${HEAD}(assert (<= Y_0 0x10))`, /found "0x10"/],
    [
      "a number too large",
      `${HEAD}(assert (<= Y_0 1e999))`,
      /expected numbers within the range of doubles, found "1e999"/,
    ],
    [
      "a number too small",
      `${HEAD}(assert (<= (* 1e-999 Y_0) 1))`,
      /expected numbers within the range of doubles, found "1e-999"/,
    ],
    [
      "a product too small",
      `${HEAD}(assert (<= (* 1e-200 1e-200 Y_0) 1))`,
      /expected numbers within the range of doubles/,
    ],
    [
      "a product too large",
      `${HEAD}(assert (<= (* 1e200 1e200 Y_0) 1))`,
      /expected numbers within the range of doubles/,
    ],
    [
      "a sum too large",
      `${HEAD}(assert (<= (+ 1e308 Y_0) -1e308))`,
      /expected numbers within the range of doubles/,
    ],
    [
      "a bound too large",
      `${HEAD}(assert (<= (* 1e-10 X_0) 1e308))`,
      /expected numbers within the range of doubles/,
    ],
    [
      "a division by 0",
      `${HEAD}(assert (<= Y_0 (/ 1 0)))`,
      /expected a divisor that is a number other than 0, found/,
    ],
    ["a division by a variable", `${HEAD}(assert (<= Y_0 (/ 1 Y_0)))`, /expected a divisor that is a number/],
    [
      "a product of variables",
      `${HEAD}(assert (<= (* Y_0 Y_1) 1))`,
      /expected a product with at most one factor/,
    ],
    [
      "an unknown function",
      `${HEAD}(assert (<= (max Y_0 Y_1) 1))`,
      /expected a number, a variable, .*found "\(max Y_0 Y_1\)"/,
    ],
    [
      "a relation of inputs",
      `${HEAD}(assert (<= X_0 X_1))`,
      /line 12: expected .*only boxes.* found X_0 and X_1 in "\(<= X_0 X_1\)"/,
    ],
    [
      "a relation of input and output",
      `${HEAD}(assert (<= Y_0 X_1))`,
      /line 12: expected inputs and outputs in .*found Y_0 and X_1/,
    ],
    [
      "an input without bounds",
      `${X2}${Y3}(assert (<= X_0 1))`,
      /line 1: expected a lower and an upper bound of X_0 in disjunct 1, found no lower bound/,
    ],
    [
      "an input without a bound in a disjunct",
      `${X2}${Y3}(assert (and (<= 0 X_0) (<= X_0 1) (<= 0 X_1)))\n(assert (or\n(<= X_1 1)\n(<= Y_0 1)))`,
      /line 9: .*upper bound of X_1 in disjunct 2, found no upper bound/,
    ],
    [
      "an empty box",
      `${HEAD}(assert (<= Y_0 1))\n(assert (>= X_1 1.5))`,
      /line 13: expected .*found an unsatisfiable box: X_1 is at least 1.5 and at most 1$/,
    ],
    [
      "only empty boxes",
      `${HEAD}(assert (or\n(>= X_1 2)\n(<= X_0 -1)))`,
      /line 13: .*an unsatisfiable box: X_1 is at least 2/,
    ],
    [
      "a false assertion",
      `${HEAD}(assert (<= 1 0))`,
      /line 12: expected an assertion that can be met, found one that is always false/,
    ],
    ["a false or", `${HEAD}(assert (or (<= 1 0) (and (<= Y_0 1) (< 0 0))))`, /line 12: .*always false/],
    [
      "a fault beside a false comparison",
      `${HEAD}(assert (and (<= 1 0)\n(<= Y_9 1)))`,
      /line 13: expected a declared variable/,
    ],
    [
      "too many disjuncts of assertions",
      HEAD + or(50).repeat(3),
      /line 14: expected at most 100000 disjuncts .*found 125000/,
    ],
    [
      "too many disjuncts in an and",
      `${HEAD}(assert (and ${"(or (<= Y_0 1) (<= Y_1 1))".repeat(64)}))`,
      /line 12: expected at most 100000 disjuncts/,
    ],
    [
      "too many disjuncts in an or",
      `${HEAD}(assert (or ${`(and ${"(or (<= Y_0 1) (<= Y_1 1))".repeat(16)})`.repeat(2)}))`,
      /line 12: expected at most 100000 disjuncts .*found 131072/,
    ],
    [
      "shared parts repeated too often",
      `${HEAD}(assert (and ${"(<= Y_0 1)".repeat(1000)}))${or(50_000)}`,
      /expected at most 33554432 numbers and constraints/,
    ],
    [
      "shared bounds looked at too often",
      `${HEAD}${or(300)}(assert (or (<= Y_0 1) (and ${"(<= X_0 1)".repeat(200_000)})))`,
      /expected at most 33554432 numbers and constraints/,
    ],
    [
      "nesting too deep",
      `${HEAD}(assert ${"(and ".repeat(1_000_000)}`,
      /line 12: expected at most 256 parentheses/,
    ],
    ["a text of parentheses", "(".repeat(5_000_000), /line 1: expected at most 256 parentheses/],
    ["a huge word", `${HEAD}(assert (<= Y_0 ${"1".repeat(1_000_000)}x))`, /found "1{40}…"$/],
    ["a huge number", `${HEAD}(assert (<= Y_0 ${"9".repeat(1_000_000)}))`, /found "9{40}…", which/],
    [
      "binary garbage",
      "\u0000\u0001\ud800\u2028\u009b",
      /line 1: .*found "\\u0000\\u0001\\ud800\\u2028\\u009b"/,
    ],
  ])("%s", (_, text, message) => {
    const error = errorOf(text);
    expect(error).toBeInstanceOf(FormatError);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^p\.vnnlib: line \d+: expected [ -~…]+, found [ -~…]+$/);
    expect(error.message.length).toBeLessThan(250);
  });
});

describe("damaged files", () => {
  const whole = `${X2}${Y3}${UNIT}(assert (or (and (<= Y_0 (* 2 Y_1)) (not (= Y_1 -1.5e-1)))\n(and (<= X_0 0.5) (> (- Y_2) (/ 1 3)))))\n`;

  /** Whether the text parses; fails on any error but a FormatError of one line. */
  function parses(text: string): boolean {
    try {
      parse(text);
      return true;
    } catch (error) {
      expect(error, text).toBeInstanceOf(FormatError);
      expect((error as Error).message, text).toMatch(/^p\.vnnlib: line \d+: [^\n]+$/);
      return false;
    }
  }

  it("are told at every truncation", () => {
    expect(parses(whole)).toBe(true);
    const lastBut = whole.trimEnd().length;
    for (let length = 0; length < lastBut; length++) parses(whole.slice(0, length));
    expect(parses(whole.slice(0, lastBut - 1))).toBe(false);
  });

  it("parse or are told when bytes are changed, taken out or put in", () => {
    const original = new TextEncoder().encode(whole);
    const change = fc.tuple(fc.nat(original.length - 1), fc.nat(255), fc.constantFrom(0, 1, 2));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const bytes = [...original];
        for (const [at, byte, removed] of changes) bytes.splice(at, removed, byte);
        parses(new TextDecoder().decode(Uint8Array.from(bytes)));
      }),
      { numRuns: 2000 },
    );
  });

  it("parse or are told when words are shuffled", () => {
    const words = whole.match(/[()]|[^\s()]+/g)!;
    const word = fc.constantFrom(...new Set(words));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(words.length - 1), word), { maxLength: 4 }), (changes) => {
        const changed = [...words];
        for (const [at, other] of changes) changed[at] = other;
        parses(changed.join(" "));
      }),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.array(word, { maxLength: 40 }), (list) => void parses(list.join(" "))));
  });
});
