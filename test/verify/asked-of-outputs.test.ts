import { describe, expect, it } from "vitest";
import type { OutputConstraint, Property, PropertyCase } from "../../src/formats/vnnlib/property.js";
import { conv2d, flatten, linear } from "../../src/network/build-layer.js";
import { graph } from "../../src/network/network.js";
import { outputsAt } from "../../src/network/subject.js";
import { arithmeticOf } from "../../src/threat/evaluation.js";
import { askedOf } from "../../src/verify/input-rows.js";
import { region, subject, twoLayers } from "./by-hand.js";

/** y = (relu(a + 1) + 2 relu(b), −relu(b)) of inputs a, b, c. */
const own = subject(
  twoLayers(
    [
      [1, 0, 0],
      [0, 1, 0],
    ],
    [1, 0],
    [
      [1, 2],
      [0, -1],
    ],
    [0, 0],
  ),
);
const box = region([-3, 0.5, 1], [1, 2, 1]);

function row(
  bound: number,
  outputs: number[],
  inputs?: readonly (readonly [number, number])[],
): OutputConstraint {
  return {
    terms: outputs.flatMap((coefficient, output) => (coefficient ? [{ output, coefficient }] : [])),
    ...(inputs && { inputs: inputs.map(([input, coefficient]) => ({ input, coefficient })) }),
    bound,
    strict: false,
  };
}
const property = (constraints: OutputConstraint[], more: Partial<Property> = {}): Property => ({
  ...{ inputs: 3, outputs: 2, cases: [{ box, constraints }] },
  ...more,
});

describe("a property of outputs alone", () => {
  it("is asked of the network as it is", () => {
    const asked = askedOf(own, property([row(1, [1, 0])]), "float32");
    expect(asked.subject).toBe(own);
    expect(asked.questions).toHaveLength(1);
    expect(asked.questions[0].cases[0]).not.toHaveProperty("judged");
    const empty = { box: region([1, 0, 0], [0, 0, 0]), constraints: [] };
    expect(askedOf(own, property([], { cases: [empty] }), "real")).toMatchObject({
      questions: [],
      empty: [0],
    });
  });
});

describe("a property that compares inputs", () => {
  const mixed = row(0.5, [1, -1], [[2, -1]]);
  const relation = row(
    2.25,
    [],
    [
      [1, 1],
      [0, -2],
    ],
  );

  it("is asked of the network that hands on the inputs that are compared, in their order", async () => {
    const { subject: asked, questions, empty } = askedOf(own, property([mixed, relation]), "real");
    expect(asked.network.classes).toBe(5);
    const x = Float64Array.of(0.25, 0.75, 1);
    expect(Array.from(await outputsAt(asked, x, 1))).toEqual([2.75, -0.75, 0.25, 0.75, 1]);
    expect(Array.from(await asked.evaluate(x))).toEqual([2.75, -0.75, 0.25, 0.75, 1]);
    // y₀ − y₁ − c, and b − 2a, as rows of (y₀, y₁, a, b, c).
    const [{ cases }] = questions;
    expect(Array.from(cases[0].coefficients)).toEqual([1, -1, 0, 0, -1, 0, 0, -2, 1, 0]);
    expect([cases[0].rows, cases[0].outputs]).toEqual([2, 5]);
    expect(Array.from(cases[0].bounds)).toEqual([0.5, 2.25]);
    expect(cases[0].judged).toEqual({ outputs: 2, constraints: [mixed, relation], decimal: false });
    expect(empty).toEqual([]);
    // Parameters keep their names: the weights are found.
    expect(asked.network.parameters).toEqual(own.network.parameters);
  });

  it("hands on those inputs alone that some case compares, by each case's own rows", async () => {
    const cases: PropertyCase[] = [
      { box, constraints: [row(1, [1, 0], [[2, 3]])] },
      { box, constraints: [row(2, [0, 1])] },
      { box, constraints: [row(3, [0, 1], [[0, 1]])] },
    ];
    const { subject: asked, questions } = askedOf(own, property([], { cases }), "real");
    expect(Array.from(await outputsAt(asked, Float64Array.of(0.25, 0.75, 1), 1))).toEqual([
      2.75, -0.75, 0.25, 1,
    ]);
    const found = questions.flatMap((question) => question.cases);
    expect(found.map(({ coefficients }) => Array.from(coefficients))).toEqual([
      [1, 0, 0, 3],
      [0, 1, 0, 0],
      [0, 1, 1, 0],
    ]);
    expect(found.map(({ judged }) => judged?.constraints)).toEqual(
      cases.map(({ constraints }) => constraints),
    );
  });

  it("is about more points than were asked about: bounds rise by what machines' inputs may differ", () => {
    for (const evaluation of ["float32", "float64", "float32-ftz"] as const) {
      const { roundoff, underflow, flushed } = arithmeticOf(evaluation);
      const [{ cases }] = askedOf(own, property([mixed, relation]), evaluation).questions;
      // Inputs are as large as 1, 2 and 3.
      const rooms = [1 * (1 * roundoff + underflow + flushed), 1 * (2 * roundoff + underflow + flushed)];
      rooms[1] += 2 * (3 * roundoff + underflow + flushed);
      for (const [i, bound] of [0.5, 2.25].entries()) {
        const rise = cases[0].bounds[i] - bound;
        expect(rise).toBeGreaterThanOrEqual(rooms[i]);
        expect(rise).toBeLessThan(1.01 * rooms[i] + 2 ** -50);
      }
    }
    // What is flushed to zero, and what underflows, counts of an input that is 0 as well.
    const zero = [{ box: region([0, 0, 0], [0, 1, 1]), constraints: [row(0, [1, 0], [[0, 1]])] }];
    const [{ cases }] = askedOf(own, property([], { cases: zero }), "float32-ftz").questions;
    expect(cases[0].bounds[0]).toBeGreaterThanOrEqual(2 ** -125);
    expect(cases[0].bounds[0]).toBeLessThan(2 ** -124);
    // Rows of outputs alone stay, and so do all in real arithmetic.
    const rows = [row(0.1, [1, 0]), row(0.3, [0, 1], [[0, 1]])];
    expect(askedOf(own, property(rows), "float32").questions[0].cases[0].bounds[0]).toBe(0.1);
    expect(Array.from(askedOf(own, property(rows), "real").questions[0].cases[0].bounds)).toEqual([0.1, 0.3]);
  });

  it("is about decimals where the file is: what they differ from doubles counts in relations alone", () => {
    const boundOf = (one: OutputConstraint, decimal = true) =>
      askedOf(own, property([one], { decimal }), "real").questions[0].cases[0].bounds[0];
    // ¼ and 2 are what they say, 0.3 is not.
    expect(boundOf(row(2.25, [], [[1, 2]]))).toBe(2.25);
    expect(boundOf(row(2.3, [], [[1, 2]]), false)).toBe(2.3);
    const ofBound = boundOf(row(2.3, [], [[1, 2]])) - 2.3;
    expect(ofBound).toBeGreaterThanOrEqual(2.3 * 2 ** -53);
    expect(ofBound).toBeLessThan(2.3 * 2 ** -51);
    const ofCoefficient = boundOf(row(2.25, [], [[1, 1.3]])) - 2.25;
    expect(ofCoefficient).toBeGreaterThanOrEqual(1.3 * 2 * 2 ** -53);
    expect(ofCoefficient).toBeLessThan(1.3 * 2 * 2 ** -50);
    // Rows with outputs are of doubles.
    expect(boundOf(row(0.3, [1, 0], [[1, 0.3]]))).toBe(0.3);
  });

  it("has its boxes narrowed by relations, down to none", () => {
    // b ≤ 1, and a ≤ −4, which none is.
    const narrow = { box, constraints: [row(1, [], [[1, 1]])] };
    const none = { box, constraints: [row(-4, [], [[0, 1]])] };
    const { questions, empty } = askedOf(own, property([], { cases: [none, narrow] }), "real");
    expect(empty).toEqual([0]);
    expect(questions).toHaveLength(1);
    expect(questions[0].cases[0].number).toBe(1);
    expect(questions[0].upper[1]).toBeCloseTo(1, 12);
    expect(questions[0].upper[1]).toBeGreaterThan(1);
  });
});

describe("inputs that are handed on", () => {
  it("are flat, beside outputs that are, whatever layers are named", async () => {
    const network = graph([1, 2, 2], (x, attach) => {
      const flat = attach.named("inputs", flatten(), x);
      const y = attach(conv2d(1, { kernel: 2 }), x);
      const last = attach.named("outputs", linear(1), flat);
      expect(last.shape).toEqual([1]);
      return y;
    });
    const weights = new Map(
      network.parameters.map(({ name, shape }) => [
        name,
        new Float64Array(shape.reduce((a, b) => a * b, 1)).fill(0.5),
      ]),
    );
    const model = subject({ network, weights });
    const some = row(
      9,
      [1],
      [
        [3, 1],
        [1, 1],
      ],
    );
    const cases = [{ box: region([0, 0, 0, 0], [1, 1, 1, 1]), constraints: [some] }];
    const x = Float64Array.of(0.25, 0.5, 0.75, 1);
    const [y] = await outputsAt(model, x, 1);
    const asked = askedOf(model, { inputs: 4, outputs: 1, cases }, "real");
    expect(Array.from(await outputsAt(asked.subject, x, 1))).toEqual([y, 0.5, 1]);
    const all = row(
      9,
      [1],
      [
        [3, 1],
        [1, 1],
        [0, 1],
        [2, 1],
      ],
    );
    const whole = askedOf(
      model,
      { inputs: 4, outputs: 1, cases: [{ ...cases[0], constraints: [all] }] },
      "real",
    );
    expect(Array.from(await outputsAt(whole.subject, x, 1))).toEqual([y, 0.25, 0.5, 0.75, 1]);
    const names = whole.subject.network.nodes.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
