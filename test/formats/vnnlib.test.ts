import { describe, expect, it } from "vitest";
import type { OutputConstraint, PropertyCase } from "../../src/formats/vnnlib/property.js";
import { nextUp } from "../../src/formats/vnnlib/rounding.js";
import { HEAD, parse, UNIT, X2, Y3 } from "./vnnlib-texts.js";

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
      decimal: true,
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
    // No decimal that a double stands for is a 255th: the next ones outward.
    [
      `(and (<= X_0 (/ 1 255)) (>= X_0 (/ (- 1) 255)) ${one})`,
      [
        [
          [-nextUp(1 / 255), 0],
          [nextUp(1 / 255), 1],
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

  it("rounds what no decimal of a double says so that the box grows, and opens it there", () => {
    const [{ box }] = parse(
      `${X2}${Y3}(assert (and (= (* 3 X_0) 1) (<= (+ X_1 0.1) 0.3) (>= (+ X_1 0.1) 0.3)))`,
    ).cases as [PropertyCase];
    // Doubles of this size are integers after scaling, so that the comparisons are exact.
    const thirds = (value: number) => 3n * BigInt(value * 2 ** 60);
    expect(thirds(box.lower[0]!) < 2n ** 60n && 2n ** 60n < thirds(box.upper[0]!)).toBe(true);
    expect(box.upper[0]).toBe(nextUp(box.lower[0]!));
    // Decimals are added up as they are written.
    expect([box.lower[1], box.upper[1]]).toEqual([0.2, 0.2]);
    expect([box.lowerStrict, box.upperStrict]).toEqual([
      [true, false],
      [true, false],
    ]);
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
