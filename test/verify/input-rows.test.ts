import { describe, expect, it } from "vitest";
import { random } from "../../src/compute/random.js";
import { encodeNumbers } from "../../src/formats/certificate/numbers.js";
import type { PropertyClaim } from "../../src/formats/certificate/schema.js";
import { parseVnnlib } from "../../src/formats/vnnlib/parse.js";
import type { InputTerm, OutputConstraint, Property } from "../../src/formats/vnnlib/property.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { subjectOf } from "../../src/network/subject.js";
import type { Model } from "../../src/network/weights.js";
import { missingCase } from "../../src/runs/certificates/claimed-cases.js";
import type { Evaluation } from "../../src/threat/evaluation.js";
import { narrowedBox } from "../../src/verify/narrow-box.js";
import { checkClaimable, checkPropertyWithout } from "../../src/verify/property-fits.js";
import type { Verdict } from "../../src/verify/verdict.js";
import { verify } from "../../src/verify/verify.js";
import { add, compare, type Dyadic, dyadic, multiply } from "../support/exact/dyadic.js";
import { leastValues } from "./milp.js";
import { outputsOf, randomModel } from "./random-questions.js";
import { fastBackend } from "./subjects.js";

const QUESTIONS = 40;
const FIRST = 5000;
const ZERO: Dyadic = { mantissa: 0n, exponent: 0 };

async function answerOf(
  model: Model,
  property: Property,
  options: { evaluation?: Evaluation; timeout?: number } = {},
): Promise<Verdict> {
  const subject = subjectOf(await fastBackend(), model, (x) => Float64Array.from(outputsOf(model, x)));
  return verify(subject, property, { timeout: 10, ...options });
}

/** Cases whose rows compare inputs and outputs, beside relations of inputs, about where sampling finds the least value. */
function related(seed: number): { model: Model; property: Property } {
  const model = randomModel(seed);
  const source = random(seed, "related");
  const { inputShape, outputShape } = model.network;
  const [inputs, outputs] = [inputShape[0], outputShape[0]];
  const lower = Float64Array.from({ length: inputs }, () => source.normal() / 3 - source.uniform());
  const upper = lower.map((low) => low + 0.2 + source.uniform());
  const whole = () => Math.round(4 * source.normal()) / 2 || 1;
  const someInputs = (share: number): InputTerm[] =>
    Array.from({ length: inputs }, (_, input) => ({ input, coefficient: whole() })).filter(
      ({ input }) => input < 2 || source.uniform() < share,
    );
  const valueAt = (x: Float64Array, terms: readonly InputTerm[] = []) =>
    terms.reduce((sum, { input, coefficient }) => sum + coefficient * x[input], 0);
  const pointIn = () => lower.map((low, f) => low + source.uniform() * (upper[f] - low));
  const relations = Array.from({ length: 1 + source.integer(2) }, (): OutputConstraint => {
    const terms = someInputs(0.5);
    const bound = valueAt(pointIn(), terms);
    return { terms: [], inputs: terms, bound, strict: source.uniform() < 0.3 };
  });
  const points = Array.from({ length: 3000 }, pointIn).filter((x) =>
    relations.every((row) => valueAt(x, row.inputs) <= row.bound),
  );
  const rows = Array.from({ length: 1 + source.integer(3) }, () => ({
    terms: Array.from({ length: outputs }, (_, output) => ({ output, coefficient: whole() })),
    ...(source.uniform() < 0.6 && { inputs: someInputs(0.3) }),
  }));
  const values = points.map((x) => {
    const y = outputsOf(model, x);
    return rows.map(
      ({ terms, inputs: own }) =>
        terms.reduce((sum, { output, coefficient }) => sum + coefficient * y[output], 0) + valueAt(x, own),
    );
  });
  const offsets = rows.map(() => 0.3 * source.normal());
  const worst = values.map((own) => Math.max(...own.map((value, r) => value - offsets[r])));
  const [least, most] = worst.reduce(
    ([a, b], value) => [Math.min(a, value), Math.max(b, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  const shift =
    points.length === 0 ? 0 : least + (0.003 + most - least) * 0.1 * (source.uniform() < 0.6 ? -1 : 1);
  const constraints = [
    ...rows.map((row, r): OutputConstraint => ({ ...row, bound: offsets[r] + shift, strict: false })),
    ...relations,
  ];
  return { model, property: { inputs, outputs, cases: [{ box: { lower, upper }, constraints }] } };
}

/** Whether a point meets every comparison, its outputs as they are: by exact sums of doubles. */
function isMetBy(x: Float64Array, y: ArrayLike<number>, { constraints }: Property["cases"][number]): boolean {
  return constraints.every(({ terms, inputs = [], bound, strict }) => {
    const parts = [
      ...terms.map(({ output, coefficient }) => multiply(dyadic(coefficient), dyadic(y[output]))),
      ...inputs.map(({ input, coefficient }) => multiply(dyadic(coefficient), dyadic(x[input]))),
    ];
    const order = compare(parts.reduce(add, ZERO), dyadic(bound));
    return strict ? order < 0 : order <= 0;
  });
}

const affine = (weight: readonly (readonly number[])[], bias: readonly number[]): Model => {
  const network = sequential([weight[0].length], [linear(weight.length)]);
  const [w, b] = network.parameters;
  return {
    network,
    weights: new Map([
      [w.name, Float64Array.from(weight.flat())],
      [b.name, Float64Array.from(bias)],
    ]),
  };
};

/** y = |x_0 − x_1|. */
const distance = (): Model => {
  const network = sequential([2], [linear(2), relu(), linear(1)]);
  const [w1, b1, w2, b2] = network.parameters.map(({ name }) => name);
  const weights = new Map([
    [w1, Float64Array.of(1, -1, -1, 1)],
    [b1, new Float64Array(2)],
    [w2, Float64Array.of(1, 1)],
    [b2, new Float64Array(1)],
  ]);
  return { network, weights };
};

const declared = (inputs: number, outputs: number) =>
  [
    ...Array.from({ length: inputs }, (_, i) => `(declare-const X_${i} Real)`),
    ...Array.from({ length: outputs }, (_, i) => `(declare-const Y_${i} Real)`),
    ...Array.from({ length: inputs }, (_, i) => `(assert (>= X_${i} 0))(assert (<= X_${i} 1))`),
  ].join("\n");
const asked = (outputs: number, ...assertions: readonly string[]) =>
  parseVnnlib(declared(2, outputs) + assertions.map((own) => `(assert ${own})`).join(""));

describe("relations among inputs, and comparisons of inputs with outputs", () => {
  it("are answered as a MILP answers them, with counterexamples that meet them exactly", async () => {
    const found = { holds: 0, violated: 0, unknown: 0 };
    for (let seed = FIRST; seed < FIRST + QUESTIONS; seed++) {
      const { model, property } = related(seed);
      if (property.inputs < 2) continue;
      const [least] = await leastValues(model, property);
      const { answer, counterexample, cases } = await answerOf(model, property);
      found[answer] += 1;
      if (answer === "holds") expect(least, `seed ${seed}`).toBeGreaterThan(-1e-6);
      expect(cases[0].bound ?? Number.NEGATIVE_INFINITY, `seed ${seed}`).toBeLessThanOrEqual(least + 1e-6);
      if (answer !== "violated") continue;
      expect(least, `seed ${seed}`).toBeLessThan(1e-6);
      const { input, output } = counterexample as NonNullable<Verdict["counterexample"]>;
      expect(Array.from(output)).toEqual(outputsOf(model, input));
      const [own] = property.cases;
      expect(input.every((x, f) => x >= own.box.lower[f] && x <= own.box.upper[f])).toBe(true);
      expect(isMetBy(input, output, own), `seed ${seed}`).toBe(true);
    }
    console.log("relations:", found);
    expect(found.holds).toBeGreaterThan(8);
    expect(found.violated).toBeGreaterThan(5);
    expect(found.unknown).toBeLessThan(4);
  }, 600_000);

  const sum = affine(
    [
      [1, 1],
      [1, -1],
    ],
    [0, 0],
  );

  it.each([
    ["a relation that leaves none", ["(<= (+ X_0 X_1) 1.0)", "(>= Y_0 1.1)"], "holds"],
    ["without it there is one", ["(>= Y_0 1.1)"], "violated"],
    ["a relation that leaves some", ["(<= (+ X_0 X_1) 1.2)", "(>= Y_0 1.1)"], "violated"],
    ["an input beside outputs", ["(>= Y_0 X_0)"], "violated"],
    ["never below an input", ["(< Y_0 (- X_0 0.001))"], "holds"],
    ["both", ["(= X_0 (* 2 X_1))", "(>= (- Y_1 X_1) 0.1)"], "holds"],
    ["an equality that a counterexample meets", ["(= X_0 (* 2 X_1))", "(>= Y_0 1.4)"], "violated"],
    ["a decimal equality", ["(= (+ X_0 X_1) 0.3)", "(>= Y_0 0.29)"], "violated"],
    ["no input meets them", ["(>= (+ X_0 X_1) 2.5)"], "holds"],
    ["none meets all of them", ["(>= (+ X_0 X_1) 1.5)", "(<= (- X_0 X_1) -0.7)", "(>= Y_0 -9)"], "holds"],
    ["one of two", ["(or (>= (+ X_0 X_1) 2.5) (and (<= X_0 X_1) (>= Y_1 0)))"], "violated"],
  ] as const)("%s", async (_, assertions, expected) => {
    const property = asked(2, ...assertions);
    const { answer, counterexample } = await answerOf(sum, property);
    expect(answer).toBe(expected);
    expect(counterexample?.output.length ?? 2).toBe(2);
  });

  it("a set of inputs without points is named so", async () => {
    const { cases } = await answerOf(sum, asked(2, "(>= (+ X_0 X_1) 2.5)"));
    expect(cases[0]).toMatchObject({ answer: "holds", step: "empty box" });
  });

  it("an equality is proved where the box alone is not enough", async () => {
    expect((await answerOf(distance(), asked(1, "(>= Y_0 0.1)"))).answer).toBe("violated");
    expect((await answerOf(distance(), asked(1, "(= X_0 X_1)", "(>= Y_0 0.1)"))).answer).toBe("holds");
    const { answer, counterexample } = await answerOf(
      distance(),
      asked(1, "(= (+ X_0 X_1) 1)", "(<= Y_0 0.25)"),
    );
    expect(answer).toBe("violated");
    const [a, b] = counterexample?.input ?? [];
    expect(compare(add(dyadic(a), dyadic(b)), dyadic(1))).toBe(0);
  });

  it("a machine's input is not taken for the real one", async () => {
    const identity = affine([[1, 0]], [0]);
    // In single precision the network's output may lie 2⁻²⁵ beside its input.
    const property = asked(1, "(>= (- Y_0 X_0) 0.00000001)");
    expect((await answerOf(identity, property, { evaluation: "real", timeout: 5 })).answer).toBe("holds");
    expect((await answerOf(identity, property, { evaluation: "float32", timeout: 2 })).answer).toBe(
      "unknown",
    );
    const wider = asked(1, "(>= (- Y_0 X_0) 0.00001)");
    expect((await answerOf(identity, wider, { evaluation: "float32", timeout: 5 })).answer).toBe("holds");
  });
});

describe("a box narrowed by relations", () => {
  it("has every point that meets them", () => {
    for (let seed = 0; seed < 60; seed++) {
      const source = random(seed, "narrow");
      const lower = Float64Array.from({ length: 4 }, () => source.normal());
      const upper = lower.map((low) => low + 2 * source.uniform());
      const rows = Array.from({ length: 2 }, (): OutputConstraint => {
        const inputs = Array.from({ length: 4 }, (_, input) => ({ input, coefficient: source.normal() }));
        const least = inputs.reduce(
          (total, { input, coefficient }) =>
            total + Math.min(coefficient * lower[input], coefficient * upper[input]),
          0,
        );
        return { terms: [], inputs, bound: least + 0.5 * source.uniform(), strict: false };
      });
      const box = narrowedBox({ lower, upper }, rows, false);
      expect(box.lower.every((low, f) => low >= lower[f] && box.upper[f] <= upper[f])).toBe(true);
      // A vertex of a relation's own corner meets it with equality.
      for (const { inputs = [], bound } of rows) {
        const corner = lower.map((low, f) => (inputs[f].coefficient > 0 ? low : upper[f]));
        const rest =
          bound - inputs.reduce((total, { input, coefficient }) => total + coefficient * corner[input], 0);
        for (const { input, coefficient } of inputs) {
          const x = corner.slice();
          x[input] = Math.min(upper[input], Math.max(lower[input], corner[input] + rest / coefficient));
          const meets = rows.every(
            (row) =>
              compare(
                (row.inputs ?? [])
                  .map((own) => multiply(dyadic(own.coefficient), dyadic(x[own.input])))
                  .reduce(add, ZERO),
                dyadic(row.bound),
              ) <= 0,
          );
          if (meets) expect(x.every((value, f) => value >= box.lower[f] && value <= box.upper[f])).toBe(true);
        }
      }
    }
  });
});

describe("what is written of such properties", () => {
  const mixed = asked(1, "(>= (- Y_0 X_0) 0.5)");

  it("no certificate, in one line", () => {
    expect(() => checkClaimable(mixed, "--certificate")).toThrow(
      /^--certificate: expected a property that compares outputs alone, found inputs in its comparisons$/,
    );
    expect(() => checkClaimable(asked(1, "(>= Y_0 1)"), "--certificate")).not.toThrow();
  });

  it("a claim about outputs is not taken for one that compares inputs, but for one over fewer inputs", () => {
    const claim: PropertyClaim = {
      kind: "property",
      model: "a".repeat(64),
      evaluation: "float32",
      neurons: {},
      lower: encodeNumbers(new Float64Array(2)),
      upper: encodeNumbers(Float64Array.of(1, 1)),
      plans: [],
      cases: [{ rows: [{ terms: [[0, -1]], bound: -0.5 }], tree: [{ shares: [1] }] }],
    };
    expect(missingCase([claim], mixed)).toMatch(/case 0 of the property is not claimed/);
    expect(missingCase([claim], asked(1, "(>= Y_0 0.5)", "(<= X_0 X_1)"))).toBeUndefined();
  });

  it("a softmax that was left out is no output that inputs are compared with", () => {
    expect(() => checkPropertyWithout("Softmax", asked(2, "(<= Y_0 (+ Y_1 X_0))"), "m")).toThrow(
      /ends with Softmax/,
    );
    expect(() =>
      checkPropertyWithout("Softmax", asked(2, "(<= Y_0 Y_1)", "(<= X_0 X_1)"), "m"),
    ).not.toThrow();
  });
});
