import { describe, expect, it } from "vitest";
import { Tape, type Variable } from "../../src/autodiff/index.js";
import { createReferenceBackend } from "../../src/compute/reference/index.js";
import { buildDual } from "../../src/dual/auto-dual.js";
import { makeBall } from "../../src/dual/ball.js";
import { forward } from "../../src/network/forward.js";
import { fixedBindings, trainedBindings, uploadWeights } from "../../src/network/weights.js";
import { robustLoss } from "../../src/train/loss.js";
import { goldenBall, goldenCases, goldenModel, transposed } from "../support/golden.js";
import { largestEntryError } from "../support/numbers.js";

const TOLERANCE = 1e-9;

describe.each(goldenCases())("golden values: $name", (golden) => {
  const backend = createReferenceBackend({ dtype: "float64" });
  const { network, weights } = goldenModel(golden);
  const parameters = uploadWeights(backend, { network, weights });
  const x = transposed(golden.x, golden.batch);
  const labels = Int32Array.from(golden.label);
  const ball = makeBall(backend, x, golden.batch, goldenBall(golden));
  const byExample = (variable: Variable) =>
    transposed(backend.readNow?.(variable.value) ?? [], variable.value.features);

  it("logits", () => {
    using tape = new Tape(backend, { record: false });
    const input = tape.own(backend.upload(x.length / golden.batch, golden.batch, x));
    const { output } = forward(tape, network, fixedBindings(parameters), input);
    expect(largestEntryError(byExample(output), golden.logits)).toBeLessThan(TOLERANCE);
  });

  it("pre-activation bounds and margins, all neurons bounded", () => {
    using tape = new Tape(backend, { record: false });
    const dual = buildDual(tape, network, fixedBindings(parameters), ball, { complete: true });
    const bounds = [...dual.preActivation.values()];
    expect(bounds.length).toBe(golden.reluLower.length);
    bounds.forEach(({ lower, upper }, i) => {
      expect(largestEntryError(byExample(lower), golden.reluLower[i])).toBeLessThan(TOLERANCE);
      expect(largestEntryError(byExample(upper), golden.reluUpper[i])).toBeLessThan(TOLERANCE);
    });
    expect(largestEntryError(byExample(dual.margins(labels)), golden.marginLower)).toBeLessThan(TOLERANCE);
  });

  it.each([
    ["open neurons only", {}],
    ["open neurons only, in pieces", { pieceBytes: 1 }],
    ["forward direction", { direction: "forward" }],
  ] as const)("margins: %s", (_, options) => {
    using tape = new Tape(backend, { record: false });
    const dual = buildDual(tape, network, fixedBindings(parameters), ball, options);
    expect(largestEntryError(byExample(dual.margins(labels)), golden.marginLower)).toBeLessThan(TOLERANCE);
  });

  it.skipIf(golden.gradient.length === 0).each([
    ["all neurons", { complete: true }],
    ["open neurons only", {}],
    ["open neurons only, in pieces", { pieceBytes: 1 }],
    ["forward direction", { direction: "forward" }],
  ] as const)("robust loss and its gradients: %s", (_, options) => {
    using tape = new Tape(backend, { record: true });
    const bindings = trainedBindings(network, parameters);
    const loss = robustLoss(tape, buildDual(tape, network, bindings, ball, options).margins(labels), labels);
    const value = backend.readNow?.(loss.value)[0] as number;
    expect(Math.abs(value / golden.robustLoss - 1)).toBeLessThan(TOLERANCE);
    const gradients = tape.gradients(
      loss,
      golden.parameters.map((name) => bindings.get(name) as Variable),
    );
    golden.parameters.forEach((name, i) => {
      const gradient = gradients[i];
      const values = gradient
        ? (backend.readNow?.(gradient) ?? [])
        : new Float64Array(golden.gradient[i].length);
      expect(largestEntryError(values, golden.gradient[i]), name).toBeLessThan(TOLERANCE);
    });
  });
});
