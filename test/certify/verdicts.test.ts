import { describe, expect, it } from "vitest";
import { certifyBatch } from "../../src/certify/certify.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { ShapeError, UsageError } from "../../src/errors.js";
import { linear, scaleShift } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { uploadWeights } from "../../src/network/weights.js";
import { type BallSpec, makeBall } from "../../src/threat/ball.js";
import { EVALUATIONS, type Evaluation } from "../../src/threat/evaluation.js";
import { isProof } from "../../src/threat/proof.js";
import { countNotCertified, countWrong } from "../../src/train/step.js";

const NETWORK = sequential([2], [linear(2)]);
const backend = createPortableBackend();

/** z₀ − z₁ = x₀ − x₁: the margin over an ℓ∞ ball is known by hand. */
function model(scale = 1) {
  return uploadWeights(backend, {
    network: NETWORK,
    weights: new Map([
      ["linear1.weight", Float64Array.of(scale, 0, 0, scale)],
      ["linear1.bias", Float64Array.of(0, 0)],
    ]),
  });
}

async function verdict(
  x: number[],
  ball: BallSpec,
  against: "prediction" | "label" = "prediction",
  label = 0,
  rounding: Evaluation | null = "float64",
) {
  const { examples } = await certifyBatch(
    { backend, network: NETWORK, parameters: model() },
    { x: Float64Array.from(x), labels: Int32Array.of(label) },
    { ...ball, against, rounding },
  );
  return examples[0];
}

describe("verdicts", () => {
  it("the margin of a linear model over each ball is the one known by hand", async () => {
    const x = [0.8, 0.3];
    const exact = await verdict(x, { norm: "linf", epsilon: 0.1 }, "prediction", 0, null);
    expect(exact.marginLower[1]).toBeCloseTo(0.3, 15);
    expect((await verdict(x, { norm: "linf", epsilon: 0.1 })).marginLower[1]).toBeCloseTo(0.3, 13);
    expect((await verdict(x, { norm: "l2", epsilon: 0.1 })).marginLower[1]).toBeCloseTo(
      0.5 - 0.1 * Math.SQRT2,
      13,
    );
    expect((await verdict(x, { norm: "l1", epsilon: 0.1 })).marginLower[1]).toBeCloseTo(0.4, 13);
    // The box [0, 0.85] cuts the first pixel's upper side only, which this margin does not use; the lower side counts.
    expect((await verdict(x, { norm: "linf", epsilon: 0.4, box: [0.25, 1] })).marginLower[1]).toBeCloseTo(
      0.4 - 0.7,
      13,
    );
  });

  it("a margin of exactly 0 is not certified", async () => {
    const ball = { norm: "linf", epsilon: 0.125 } as const;
    const tie = await verdict([0.5, 0.25], ball, "prediction", 0, null);
    expect(tie.marginLower[1]).toBe(0);
    expect(tie.certified).toBe(false);
    for (const evaluation of EVALUATIONS) {
      const rounded = await verdict([0.5, 0.25], ball, "prediction", 0, evaluation);
      expect(rounded.marginLower[1]).toBeLessThan(0);
      expect(rounded.marginLower[1]).toBeGreaterThan(-1e-5);
      expect(rounded.certified).toBe(false);
    }
  });

  it("against the label, a wrong prediction is never certified", async () => {
    const wrong = await verdict([0.9, 0.1], { norm: "linf", epsilon: 0.01 }, "label", 1);
    expect(wrong).toMatchObject({ prediction: 0, reference: 1, certified: false });
    expect(wrong.marginLower[0]).toBeLessThan(0);
    const right = await verdict([0.9, 0.1], { norm: "linf", epsilon: 0.01 }, "prediction", 1);
    expect(right).toMatchObject({ prediction: 0, reference: 0, certified: true });
  });

  it("overflow and NaN are never certified", async () => {
    const { examples } = await certifyBatch(
      { backend, network: NETWORK, parameters: model(1e308) },
      { x: Float64Array.of(3, 1) },
      { norm: "linf", epsilon: 10 },
    );
    expect(examples[0].certified).toBe(false);
    const nan = await certifyBatch(
      { backend, network: NETWORK, parameters: model() },
      { x: Float64Array.of(Number.NaN, 0) },
      { norm: "linf", epsilon: 0.1 },
    );
    expect(nan.examples[0].certified).toBe(false);
    expect(nan.examples[0].prediction).toBe(-1);
    expect(isProof(Number.POSITIVE_INFINITY)).toBe(false);
    expect(countNotCertified([0, Number.NaN], Int32Array.of(0))).toBe(1);
    expect(countWrong([1, Number.NaN], Int32Array.of(0))).toBe(1);
  });
});

it("bounds against the label need labels", async () => {
  const run = certifyBatch(
    { backend, network: NETWORK, parameters: model() },
    { x: Float64Array.of(1, 0) },
    { norm: "linf", epsilon: 0, against: "label" },
  );
  await expect(run).rejects.toThrow(UsageError);
});

it("an infinite margin by overflow in float32 is not certified", async () => {
  const single = createPortableBackend({ dtype: "float32" });
  const network = sequential([2], [linear(2), scaleShift([1, 1], [0, 3.3e38])]);
  const weights = new Map([
    ["linear1.weight", Float64Array.of(2e38, 2e38, 0, 0)],
    ["linear1.bias", Float64Array.of(0, 0)],
  ]);
  const parameters = uploadWeights(single, { network, weights });
  const ball = { norm: "linf", epsilon: 0.5 } as const;
  const { examples } = await certifyBatch(
    { backend: single, network, parameters },
    { x: Float64Array.of(1, 1) },
    ball,
  );
  expect(examples[0].certified).toBe(false);
});

it("a network of one output is no classifier: nothing is certified by default", async () => {
  const network = sequential([2], [linear(1)]);
  const weights = new Map([
    ["linear1.weight", Float64Array.of(1, 1)],
    ["linear1.bias", Float64Array.of(0)],
  ]);
  const parameters = uploadWeights(backend, { network, weights });
  const ball = { norm: "linf", epsilon: 0.1 } as const;
  const run = certifyBatch({ backend, network, parameters }, { x: Float64Array.of(1, 1) }, ball);
  await expect(run).rejects.toThrow(/two outputs or more/);
});

describe("balls", () => {
  const make = (spec: BallSpec, x = [0.5, 0.5]) => makeBall(backend, Float64Array.from(x), 1, spec);

  it.each<readonly [string, BallSpec, RegExp]>([
    ["negative epsilon", { norm: "linf", epsilon: -0.1 }, /epsilon.*got -0.1/],
    ["NaN epsilon", { norm: "l2", epsilon: Number.NaN }, /epsilon.*NaN/],
    ["infinite epsilon", { norm: "linf", epsilon: Number.POSITIVE_INFINITY }, /epsilon.*Infinity/],
    ["one bad epsilon of many", { norm: "linf", epsilon: { perFeature: [0.1, -1] } }, /got -1/],
    [
      "the wrong count",
      { norm: "linf", epsilon: { perFeature: [0.1] } },
      /expected 2 numbers, one per input feature, got 1/,
    ],
    ["an inverted box", { norm: "linf", epsilon: 0.1, box: [1, 0] }, /box.*1,0/],
    ["a NaN box", { norm: "linf", epsilon: 0.1, box: [0, Number.NaN] }, /box/],
    ["a box with l2", { norm: "l2", epsilon: 0.1, box: [0, 1] }, /only the linf ball/],
    ["an unknown norm", { norm: "l3" as "l2", epsilon: 0.1 }, /norm.*linf, l2, l1.*l3/],
    ["an example outside the box", { norm: "linf", epsilon: 0.1, box: [0.7, 1] }, /example 0 has feature 0/],
  ])("%s is one clear line", (_, spec, message) => {
    expect(() => make(spec)).toThrow(UsageError);
    expect(() => make(spec)).toThrow(message);
  });

  it("the box clips the centre and the radius", async () => {
    const { centre, radius } = make({ norm: "linf", epsilon: 0.3, box: [0, 1] }, [0.1, 0.5]);
    expect(Array.from(await backend.read(centre))).toEqual([0.2, 0.5]);
    const radii = await backend.read(radius);
    expect(radii[0]).toBeCloseTo(0.2, 15);
    expect(radii[1]).toBeCloseTo(0.3, 15);
  });

  it("numbers that do not make whole examples are a ShapeError", () => {
    expect(() => makeBall(backend, new Float64Array(5), 2, { norm: "linf", epsilon: 0.1 })).toThrow(
      ShapeError,
    );
  });
});
