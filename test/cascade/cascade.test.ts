import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { attackBatch } from "../../src/attack/attack.js";
import { attackCascade } from "../../src/cascade/attack-cascade.js";
import { certifyCascade } from "../../src/cascade/certify-cascade.js";
import {
  type CascadeRecord,
  cascadeOf,
  loadCascade,
  readCascade,
  writeCascade,
} from "../../src/cascade/folder.js";
import { remainingExamples } from "../../src/cascade/remaining.js";
import { switchCascade } from "../../src/cascade/switching-attack.js";
import { certifyBatch } from "../../src/certify/certify.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { medianEstimator } from "../../src/estimators/median.js";
import { encodeModel, loadModelFile } from "../../src/formats/model-file.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { type PlacedNetwork, uploadWeights } from "../../src/network/weights.js";
import type { BallSpec } from "../../src/threat/ball.js";
import { pickBalls, pickColumns } from "../../src/threat/pick.js";
import { randomExamples } from "../support/bounds.js";
import { lively } from "../support/networks.js";

const backend = createPortableBackend({ dtype: "float64" });
const network = sequential([6], [linear(8), relu(), linear(7), relu(), linear(3)]);
const EXAMPLES = 40;
const x = randomExamples(network, EXAMPLES, 9);
const labels = Int32Array.from({ length: EXAMPLES }, (_, b) => b % 3);
/** Each example has a radius of its own: some stage certifies some, none certifies all. */
const ball: BallSpec = {
  norm: "linf",
  epsilon: { perExample: Float64Array.from({ length: EXAMPLES }, (_, b) => 0.05 + 0.03 * (b % 20)) },
  box: null,
};
const models = [3, 4, 5].map((seed) => lively(network, seed));
const stages: PlacedNetwork[] = models.map((model) => ({
  backend,
  network,
  parameters: uploadWeights(backend, model),
}));

/** The verdict of one stage on one example, by itself. */
async function alone(
  { parameters }: PlacedNetwork,
  b: number,
  against: "prediction" | "label" = "prediction",
) {
  const { examples } = await certifyBatch(
    { backend, network, parameters },
    { x: pickColumns(x, EXAMPLES, [b]), labels: labels.slice(b, b + 1) },
    { ...pickBalls(ball, [b]), against },
  );
  return examples[0];
}

describe("certifyCascade", () => {
  it("answers by the first stage that certifies, else by the last, uncertified", async () => {
    const { examples, guarantee } = await certifyCascade(stages, { x }, ball);
    expect(guarantee).toBe("deterministic");
    const seen = new Set<string>();
    for (let b = 0; b < EXAMPLES; b++) {
      const verdicts = await Promise.all(stages.map((stage) => alone(stage, b)));
      const first = verdicts.findIndex(({ certified }) => certified);
      const stage = first < 0 ? stages.length - 1 : first;
      seen.add(`${stage}${first < 0 ? "" : " certified"}`);
      expect(examples[b].stage).toBe(stage);
      expect(examples[b].certified).toBe(first >= 0);
      expect(examples[b].prediction).toBe(verdicts[stage].prediction);
      examples[b].marginLower.forEach((margin, j) => {
        expect(margin).toBeCloseTo(verdicts[stage].marginLower[j], 9);
      });
    }
    expect([...seen].sort()).toEqual(["0 certified", "1 certified", "2", "2 certified"]);
  });

  it("bounds the label's margins at the stage that answers", async () => {
    const own = await certifyCascade(stages, { x, labels }, ball);
    const { examples } = await certifyCascade(stages, { x, labels }, { ...ball, against: "label" });
    for (let b = 0; b < EXAMPLES; b++) {
      expect(examples[b].stage).toBe(own.examples[b].stage);
      const verdict = await alone(stages[examples[b].stage], b, "label");
      expect(examples[b].reference).toBe(labels[b]);
      expect(examples[b].certified).toBe(verdict.certified);
    }
  });

  it("of one stage is that of the model", async () => {
    const { examples } = await certifyCascade([stages[0]], { x }, ball);
    const single = await certifyBatch({ backend, network, parameters: stages[0].parameters }, { x }, ball);
    expect(examples).toEqual(single.examples.map((verdict) => ({ ...verdict, stage: 0 })));
  });

  it("refuses an estimator, as its probability is none of the choice among stages", async () => {
    const estimator = medianEstimator({ dimension: 4, form: "joint", seed: 0, path: ["test"] });
    const ask = (own: PlacedNetwork[]) => certifyCascade(own, { x }, { ...ball, estimator });
    await expect(ask(stages)).rejects.toThrow("cascade: expected deterministic bounds, got an estimator");
    await expect(ask(stages.slice(0, 1))).resolves.toMatchObject({ guarantee: "estimate" });
  });

  it("refuses a cascade without stages", async () => {
    await expect(certifyCascade([], { x }, ball)).rejects.toThrow(/at least one stage/);
  });
});

describe("what remains for the next stage", () => {
  it("is what no stage certifies, whatever its label", async () => {
    const half = { ...ball, epsilon: 0.2 };
    const batches = [0, 1].map((part) => {
      const own = Array.from({ length: EXAMPLES / 2 }, (_, i) => i + (part * EXAMPLES) / 2);
      return { x: pickColumns(x, EXAMPLES, own), labels: Int32Array.from(own, (b) => labels[b]) };
    });
    const two = stages.slice(0, 2);
    const remaining = await remainingExamples(two, batches, half);
    const { examples } = await certifyCascade(two, { x }, half);
    expect(remaining).toEqual(examples.flatMap(({ certified }, b) => (certified ? [] : [b])));
    expect(remaining.length).toBeGreaterThan(0);
    expect(remaining.length).toBeLessThan(EXAMPLES);
  });
});

describe("attackCascade", () => {
  it("attacks the stage that answers, as if it were alone, and never breaks a certificate", async () => {
    const answers = await certifyCascade(stages, { x }, ball);
    const options = { steps: 10, restarts: 1 };
    const verdicts = await attackCascade(stages, { x, labels }, { ...ball, ...options });
    for (const [stage, { parameters }] of stages.entries()) {
      const single = await attackBatch(
        { backend, network, parameters },
        { x, labels },
        { ...ball, ...options },
      );
      for (let b = 0; b < EXAMPLES; b++) {
        if (answers.examples[b].stage === stage) expect(verdicts[b]).toEqual({ ...single[b], stage });
      }
    }
    verdicts.forEach(({ pgd }, b) => {
      const { certified, prediction } = answers.examples[b];
      if (certified && prediction === labels[b]) expect(pgd).toBe(false);
    });
  });
});

describe("switchCascade", () => {
  /** Of one input: stage 1 answers by its sign, stage 2 always 1. */
  const place = (weight: readonly number[], bias: readonly number[]): PlacedNetwork => {
    const line = sequential([1], [linear(2)]);
    const values = [weight, bias];
    const weights = new Map(line.parameters.map(({ name }, i) => [name, Float64Array.from(values[i])]));
    return { backend, network: line, parameters: uploadWeights(backend, { network: line, weights }) };
  };
  const two = [place([1, -1], [0, 0]), place([0, 0], [0, 1])];
  const near: BallSpec = { norm: "linf", epsilon: 0.1, box: null };

  it("finds an answer that changes although the answering stage's own does not", async () => {
    const points = Float64Array.of(0.15, 0.25, 0.05, -0.15);
    const truth = Int32Array.of(0, 0, 0, 1);
    const { examples } = await certifyCascade(two, { x: points }, near);
    expect(examples.map(({ stage, certified, prediction }) => [stage, certified, prediction])).toEqual([
      ...[0, 0, 1, 0].map((stage, b) => [stage, true, b < 2 ? 0 : 1]),
    ]);
    // 0.15 is certified and right, but stage 1 does not certify 0.05, which goes to stage 2. From 0.25 no point does.
    expect(await switchCascade(two, { x: points, labels: truth }, near)).toEqual([true, false, true, false]);
    const attacked = await attackCascade(two, { x: points, labels: truth }, near);
    expect(attacked.map(({ pgd }) => pgd)).toEqual([false, false, true, false]);
  });

  it("never misleads a certified model that is alone, and refuses steps that are none", async () => {
    const { examples } = await certifyCascade(stages.slice(0, 1), { x }, ball);
    const found = await switchCascade(stages.slice(0, 1), { x, labels }, ball);
    for (const [b, { certified, prediction }] of examples.entries()) {
      if (prediction !== labels[b]) expect(found[b]).toBe(true);
      else if (certified) expect(found[b]).toBe(false);
    }
    await expect(switchCascade(stages, { x, labels }, { ...ball, steps: 0 })).rejects.toThrow(
      /positive integer/,
    );
  });
});

describe("a cascade's folder", () => {
  const folder = mkdtempSync(join(tmpdir(), "autodual-cascade-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, index: number) =>
    writeFileSync(join(folder, name), encodeModel(models[index]));

  async function record(): Promise<CascadeRecord> {
    const names = ["first.safetensors", "second.safetensors"];
    names.forEach(write);
    const loaded = await Promise.all(names.map((name) => loadModelFile(join(folder, name))));
    return {
      schema: "autodual/cascade/1",
      norm: "linf",
      epsilon: 0.1,
      box: [0, 1],
      bound: "parallel",
      stages: names.map((model, i) => ({ model, sha256: loaded[i].sha256, trainedOn: null })),
    };
  }

  it("is written and read", async () => {
    const written = await record();
    await writeCascade(folder, written);
    expect(await readCascade(folder)).toEqual(written);
    const cascade = await loadCascade(folder);
    expect(cascade.stages.map(({ weights }) => [...weights])).toEqual(
      models.slice(0, 2).map(({ weights }) => [...weights]),
    );
    expect(cascade.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(cascade.sha256).not.toBe(cascade.stages[0].sha256);
  });

  it("is refused with a stage that is another, missing, or outside", async () => {
    await writeCascade(folder, await record());
    write("second.safetensors", 2);
    await expect(loadCascade(folder)).rejects.toThrow(
      /second\.safetensors: expected the stage that cascade\.json names/,
    );
    rmSync(join(folder, "second.safetensors"));
    await expect(loadCascade(folder)).rejects.toThrow(/second\.safetensors: no such file/);
    const written = await record();
    await writeCascade(folder, { ...written, stages: [{ ...written.stages[0], model: "a/../../b.onnx" }] });
    await expect(loadCascade(folder)).rejects.toThrow(/within the folder/);
    await writeCascade(folder, { ...written, stages: new Array(100_000).fill(written.stages[0]) });
    await expect(loadCascade(folder)).rejects.toThrow(/stages: Too big: expected array to have <=100 items/);
    writeFileSync(join(folder, "cascade.json"), "{");
    await expect(loadCascade(folder)).rejects.toThrow(/cascade\.json: not readable/);
    writeFileSync(join(folder, "cascade.json"), '{"schema":"autodual/cascade/2"}');
    await expect(loadCascade(folder)).rejects.toThrow(/schema.*this version/);
  });

  it("takes models of the same inputs and classes alone", async () => {
    write("first.safetensors", 0);
    const first = await loadModelFile(join(folder, "first.safetensors"));
    const other = sequential([6], [linear(2)]);
    writeFileSync(join(folder, "other.safetensors"), encodeModel(lively(other, 1)));
    const second = await loadModelFile(join(folder, "other.safetensors"));
    expect(() => cascadeOf("none", [])).toThrow("none: expected at least one stage, found none");
    expect(() => cascadeOf("both", [first, second])).toThrow(
      /other\.safetensors: expected .* 3 classes.* found .* 2/,
    );
  });
});
