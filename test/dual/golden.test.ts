import { describe, expect, it } from "vitest";
import { Tape, type Variable } from "../../src/autodiff/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { buildDual } from "../../src/dual/auto-dual.js";
import { forward } from "../../src/network/forward.js";
import { fixedBindings, trainedBindings, uploadWeights } from "../../src/network/weights.js";
import { makeBall } from "../../src/threat/ball.js";
import { robustLoss } from "../../src/train/losses/cross-entropy.js";
import { goldenBall, goldenCases, goldenModel, transposed } from "../support/golden.js";
import { largestEntryError } from "../support/numbers.js";

const TOLERANCE = 1e-9;

describe.each(goldenCases())("golden values: $name", (golden) => {
  const backend = createPortableBackend({ dtype: "float64" });
  const { network, weights } = goldenModel(golden);
  const parameters = uploadWeights(backend, { network, weights });
  const x = transposed(golden.x, golden.batch);
  const labels = Int32Array.from(golden.label);
  const ball = makeBall(backend, x, golden.batch, goldenBall(golden));
  const byExample = async (variable: Variable) =>
    transposed(await backend.read(variable.value), variable.value.features);

  it("logits", async () => {
    using tape = new Tape(backend, { record: false });
    const input = tape.own(backend.upload(x.length / golden.batch, golden.batch, x));
    const { output } = forward(tape, network, fixedBindings(parameters), input);
    expect(largestEntryError(await byExample(output), golden.logits)).toBeLessThan(TOLERANCE);
  });

  it("pre-activation bounds and margins, all neurons bounded", async () => {
    using tape = new Tape(backend, { record: false });
    const dual = await buildDual(tape, network, fixedBindings(parameters), ball, { complete: true });
    const bounds = [...dual.preActivation.values()];
    expect(bounds.length).toBe(golden.reluLower.length);
    for (const [i, { lower, upper }] of bounds.entries()) {
      expect(largestEntryError(await byExample(lower), golden.reluLower[i])).toBeLessThan(TOLERANCE);
      expect(largestEntryError(await byExample(upper), golden.reluUpper[i])).toBeLessThan(TOLERANCE);
    }
    const margins = await byExample(dual.margins(labels));
    expect(largestEntryError(margins, golden.marginLower)).toBeLessThan(TOLERANCE);
  });

  it.each([
    ["unstable neurons only", {}],
    ["unstable neurons only, in pieces", { pieceBytes: 1 }],
    ["forward direction", { direction: "forward" }],
  ] as const)("margins: %s", async (_, options) => {
    using tape = new Tape(backend, { record: false });
    const dual = await buildDual(tape, network, fixedBindings(parameters), ball, options);
    const margins = await byExample(dual.margins(labels));
    expect(largestEntryError(margins, golden.marginLower)).toBeLessThan(TOLERANCE);
  });

  it.skipIf(golden.gradient.length === 0).each([
    ["all neurons", { complete: true }],
    ["unstable neurons only", {}],
    ["unstable neurons only, in pieces", { pieceBytes: 1 }],
    ["forward direction", { direction: "forward" }],
  ] as const)("robust loss and its gradients: %s", async (_, options) => {
    using tape = new Tape(backend, { record: true });
    const bindings = trainedBindings(network, parameters);
    const dual = await buildDual(tape, network, bindings, ball, options);
    const loss = robustLoss(tape, dual.margins(labels), labels);
    const [value] = await backend.read(loss.value);
    expect(Math.abs(value / golden.robustLoss - 1)).toBeLessThan(TOLERANCE);
    const gradients = tape.gradients(
      loss,
      golden.parameters.map((name) => bindings.get(name) as Variable),
    );
    for (const [i, name] of golden.parameters.entries()) {
      const gradient = gradients[i];
      const values = gradient ? await backend.read(gradient) : new Float64Array(golden.gradient[i].length);
      expect(largestEntryError(values, golden.gradient[i]), name).toBeLessThan(TOLERANCE);
    }
  });
});
