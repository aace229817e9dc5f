import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autodiff/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import { undividedBatch } from "../../src/distributed/whole-batch.js";
import { IntervalNetwork } from "../../src/dual/interval-network.js";
import { forward } from "../../src/network/forward.js";
import { trainedBindings, uploadWeights } from "../../src/network/weights.js";
import { crownIbpLoss } from "../../src/train/losses/crown-ibp.js";
import { dualLoss } from "../../src/train/losses/dual.js";
import { ibpLoss } from "../../src/train/losses/ibp.js";
import { ballOf, type LossInputs, type RobustLoss } from "../../src/train/losses/robust-loss.js";
import { goldenBall, goldenCases, goldenModel, transposed } from "../support/golden.js";

/** See the fixture's `about`. */
interface IntervalCase {
  readonly name: string;
  readonly ibpLower: number[][];
  readonly ibpUpper: number[][];
  readonly ibp: number[];
  readonly crownIbpAdaptive: number[];
  readonly crownIbpFixed: number[];
  readonly ibpLoss: number;
  readonly crownIbpAdaptiveLoss: number;
  readonly crownIbpFixedLoss: number;
}

const { cases }: { readonly cases: IntervalCase[] } = JSON.parse(
  readFileSync(new URL("../fixtures/interval-bounds.json", import.meta.url), "utf8"),
);
const backend = createPortableBackend();

describe.each(cases.map((own) => [own.name, own] as const))("interval bounds of %s", (name, own) => {
  const golden = goldenCases().find((one) => one.name === name);
  if (!golden) throw new Error(`no golden case ${name}`);
  const { batch } = golden;

  /** Runs over the case's network, with a tape that records. */
  async function over<T>(run: (inputs: LossInputs) => Promise<T>): Promise<T> {
    if (!golden) throw new Error("no case");
    const model = goldenModel(golden);
    using tape = new Tape(backend, { record: true });
    const bindings = trainedBindings(model.network, uploadWeights(backend, model));
    const values = transposed(golden.x, batch);
    const x = tape.own(backend.upload(values.length / batch, batch, values));
    const { output: logits } = forward(tape, model.network, bindings, x);
    return await run({
      ...{ tape, network: model.network, bindings, logits, dual: {}, regularization: 0 },
      batch: { x: values, labels: Int32Array.from(golden.label), values: x.value },
      ...{ ball: goldenBall(golden), stream: random(0, "loss"), whole: undividedBatch(batch) },
    });
  }

  /** Margins, example-major, and the loss. */
  const found = (loss: RobustLoss, dual: LossInputs["dual"] = {}) =>
    over(async (inputs) => {
      const outcome = await loss({ ...inputs, dual });
      const margins = await backend.read(outcome.margins.value);
      return {
        margins: Array.from(transposed(margins, margins.length / batch)),
        loss: (await backend.read(outcome.loss.value))[0],
      };
    });

  function expectClose(values: readonly number[], expected: readonly number[]): void {
    expect(values.length).toBe(expected.length);
    values.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 9);
    });
  }

  it("are those of the fixture in front of each ReLU", async () => {
    await over(async (inputs) => {
      const intervals = IntervalNetwork.over(inputs.tape, inputs.network, inputs.bindings, ballOf(inputs));
      const [, ...read] = intervals.readByActivations;
      expect(read.length).toBe(own.ibpLower.length);
      for (const [i, box] of read.entries()) {
        const [centre, radius] = [await backend.read(box.centre.value), await backend.read(box.radius.value)];
        const features = centre.length / batch;
        for (const [ends, sign] of [
          [own.ibpLower[i], -1],
          [own.ibpUpper[i], 1],
        ] as const) {
          const values = transposed(
            centre.map((value, j) => value + sign * radius[j]),
            features,
          );
          expectClose(Array.from(values), ends);
        }
      }
    });
  });

  it("give the fixture's margins and losses, alone and under one dual pass of either slopes", async () => {
    const ibp = await found(ibpLoss);
    expectClose(ibp.margins, own.ibp);
    expect(ibp.loss).toBeCloseTo(own.ibpLoss, 9);
    const adaptive = await found(crownIbpLoss, { method: "adaptive" });
    expectClose(adaptive.margins, own.crownIbpAdaptive);
    expect(adaptive.loss).toBeCloseTo(own.crownIbpAdaptiveLoss, 9);
    const fixed = await found(crownIbpLoss, { method: "parallel" });
    expectClose(fixed.margins, own.crownIbpFixed);
    expect(fixed.loss).toBeCloseTo(own.crownIbpFixedLoss, 9);
  });

  it("are the loosest: one dual pass over them is tighter, the dual network tighter still", async () => {
    const [ibp, crownIbp, dual] = [
      await found(ibpLoss),
      await found(crownIbpLoss, { method: "parallel" }),
      await found(dualLoss),
    ];
    expectClose(dual.margins, golden.marginLower);
    dual.margins.forEach((margin, i) => {
      expect(margin).toBeGreaterThanOrEqual(crownIbp.margins[i] - 1e-9);
      expect(crownIbp.margins[i]).toBeGreaterThanOrEqual(ibp.margins[i] - 1e-9);
    });
    if (golden.epsilon !== 0) expect(dual.loss).toBeLessThan(crownIbp.loss);
    if (golden.epsilon !== 0) expect(crownIbp.loss).toBeLessThan(ibp.loss);
  });
});
