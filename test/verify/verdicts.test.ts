import { describe, expect, it } from "vitest";
import { random } from "../../src/compute/random.js";
import { graphFunction } from "../../src/formats/onnx/check-import.js";
import { exportOnnx } from "../../src/formats/onnx/export/export.js";
import { readOnnxFile } from "../../src/formats/onnx/model-proto.js";
import type { OutputConstraint, Property } from "../../src/formats/vnnlib/property.js";
import { sizeOf } from "../../src/network/shape.js";
import { subjectOf } from "../../src/network/subject.js";
import type { Model } from "../../src/network/weights.js";
import type { Verdict } from "../../src/verify/verdict.js";
import { verify } from "../../src/verify/verify.js";
import { LAYER_NETWORKS, lively, randomGraph } from "../support/networks.js";
import { fastBackend } from "./subjects.js";
import { worstPoint } from "./worst-point.js";

const NETWORKS = {
  ...LAYER_NETWORKS,
  ...Object.fromEntries([11, 12, 13, 14].map((seed) => [`random graph ${seed}`, () => randomGraph(seed)])),
};
/** A graph keeps slopes of leaky ReLUs in single precision. */
const ROUNDING = 1e-7;

/** The model's graph by the evaluator of the ONNX standard, which shares no code with the network's own pass. */
function graphOf(model: Model): (input: Float64Array) => ArrayLike<number> {
  const graph = graphFunction(readOnnxFile(exportOnnx(model), "own.onnx"), "own.onnx");
  return (input) => graph.run(input);
}

const row = (coefficients: readonly number[], bound: number): OutputConstraint => ({
  terms: coefficients.map((coefficient, output) => ({ output, coefficient })),
  bound,
  strict: false,
});

function expectCounterexample(verdict: Verdict, property: Property, run: ReturnType<typeof graphOf>): void {
  const { input, output } = verdict.counterexample as NonNullable<Verdict["counterexample"]>;
  const y = Array.from(run(input));
  for (const [k, value] of y.entries()) expect(Math.abs(value - output[k])).toBeLessThan(ROUNDING);
  const broken = property.cases.some(
    ({ box, constraints }) =>
      input.every((x, f) => x >= box.lower[f] && x <= box.upper[f]) &&
      constraints.every(
        ({ terms, bound }) =>
          terms.reduce((sum, { output: k, coefficient }) => sum + coefficient * y[k], -bound) <= ROUNDING,
      ),
  );
  expect(broken).toBe(true);
}

describe.each(Object.keys(NETWORKS))("%s", (name) => {
  it("is never said to hold where an attack breaks it, and what breaks it does", async () => {
    const seed = name.length;
    const backend = await fastBackend();
    const model = lively(NETWORKS[name](), seed);
    const subject = subjectOf(backend, model);
    const run = graphOf(model);
    const source = random(seed, "verdicts");
    const features = sizeOf(model.network.inputShape);
    const width = features > 20 ? 0.08 : 0.4;
    const lower = Float64Array.from({ length: features }, () => source.uniform() - width);
    const box = { lower, upper: lower.map((low) => low + 2 * width * source.uniform()) };
    const c = Array.from({ length: 3 }, () => source.normal());
    const { least, most, point } = await worstPoint(subject, box, c, seed);
    const found = Array.from(run(point)).reduce((sum, value, k) => sum + c[k] * value, 0);
    expect(Math.abs(found - least)).toBeLessThan(ROUNDING);
    const spread = most - least;
    const ask = async (constraints: readonly OutputConstraint[], timeout: number) => {
      const property: Property = { inputs: features, outputs: 3, cases: [{ box, constraints }] };
      const verdict = await verify(subject, property, { timeout });
      if (verdict.answer === "violated") expectCounterexample(verdict, property, run);
      return verdict.answer;
    };
    const reverse = c.map((coefficient) => -coefficient);

    expect(await ask([row(c, least + 0.1 * spread)], 5)).toBe("violated");
    expect(await ask([row(c, least + 1e-7 * spread)], 1)).not.toBe("holds");
    await ask([row(c, least - 0.05 * spread)], 1);
    expect(await ask([row(c, least - 30 * spread)], 5)).toBe("holds");
    // Jointly, a band of values: first one that is met, then one that is empty.
    const middle = least + 0.5 * spread;
    expect(await ask([row(c, middle + 0.05 * spread), row(reverse, 0.05 * spread - middle)], 5)).toBe(
      "violated",
    );
    expect(await ask([row(c, middle - 0.05 * spread), row(reverse, -0.05 * spread - middle)], 2)).toBe(
      "holds",
    );
    backend.dispose();
  });
});
