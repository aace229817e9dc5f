import { expect, it } from "vitest";
import { Deadline } from "../../src/compute/deadline.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import type { Dataset } from "../../src/data/dataset.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { outputsAt, subjectOf } from "../../src/network/subject.js";
import { uploadWeights } from "../../src/network/weights.js";
import { type CertificationSettings, certifyDataset } from "../../src/runs/certification.js";
import type { JudgedExample } from "../../src/runs/certification-summary.js";
import { radiiOfDataset } from "../../src/runs/radius.js";
import { livelyWeights } from "../support/networks.js";

const network = sequential([4], [linear(12), relu(), linear(10), relu(), linear(3)]);
const backend = createPortableBackend();
const model = { network, weights: livelyWeights(network, 1) };
const placed = {
  backend,
  network,
  parameters: uploadWeights(backend, model),
};
const COUNT = 24;
const source = random(1, "examples");
const DATA: Dataset = {
  ...{ name: "points", split: "test", count: COUNT, shape: [4], classes: 3, source: "this test" },
  pixels: Float64Array.from({ length: 4 * COUNT }, () => source.uniform()),
  labels: new Int32Array(COUNT),
};
const SETTINGS: CertificationSettings = {
  ...{ ball: { norm: "linf", epsilon: 0.16, box: [0, 1] }, method: "parallel", against: "prediction" },
  ...{ batch: COUNT, each: 20 },
};

it("what a stop cuts short is not kept, and whoever goes on proves what one process proves", async () => {
  const whole = await certifyDataset([placed], DATA, SETTINGS);
  const dear = whole.examples.filter(({ rung }) => rung === "slopes" || rung?.includes("splitting"));
  expect(dear.length).toBeGreaterThan(1);
  const kept: JudgedExample[] = [];
  const reached: number[] = [];
  // Each process is stopped when its second example has just begun to be split; the last one is let be.
  for (let stops = 0; kept.length < COUNT; stops++) {
    const stop = new AbortController();
    let begun = 0;
    const stage = {
      ...placed,
      inDouble: () => {
        begun += 1;
        if (begun === 2 && stops < 3) stop.abort();
        return placed;
      },
    };
    const among = Int32Array.from({ length: COUNT - kept.length }, (_, i) => kept.length + i);
    const keep = async (judged: readonly JudgedExample[]) => void kept.push(...judged);
    await certifyDataset([stage], DATA, { ...SETTINGS, among, keep, deadline: Deadline.at(stop.signal) });
    reached.push(kept.length);
  }
  expect(reached.length).toBeGreaterThan(2);
  expect(reached).toEqual([...new Set(reached)]);
  const verdict = ({
    index,
    prediction,
    certified,
  }: Pick<JudgedExample, "index" | "prediction" | "certified">) => ({
    ...{ index, prediction, certified },
  });
  expect(kept.map(verdict)).toEqual(whole.examples.map(verdict));
});

it("a radius that a stop cuts short is not kept", async () => {
  const stop = new AbortController();
  const kept: number[] = [];
  let stoppedAt: number | null = null;
  // Counterexamples are judged while an example is searched.
  const subject = subjectOf(backend, model, async (input) => {
    if (kept.length > 0) {
      stop.abort();
      stoppedAt ??= kept.length;
    }
    return Float64Array.from(await outputsAt(subject, input, 1));
  });
  const searched = radiiOfDataset(
    placed,
    DATA,
    {
      ...{ ball: { norm: "linf", box: [0, 1] }, method: "parallel", most: 1, tolerance: 1e-3, batch: COUNT },
      keep: async ({ index }) => void kept.push(index),
    },
    { signal: stop.signal },
    { subject, timeout: 0.3, seed: 0 },
  );
  await expect(searched).rejects.toSatisfy((reason) => reason === stop.signal.reason);
  expect(kept.length).toBe(stoppedAt);
});
