import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadModelFile } from "../../src/formats/model-file.js";
import { importOnnx } from "../../src/formats/onnx/import.js";
import { runSchema } from "../../src/train/run-folder.js";
import { cifarBytes } from "../data/fixtures.js";
import { readEvents } from "../formats/tfevents-reader.js";
import { imageNetwork, writeModel } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const home = process.cwd();

/** Runs a command that must do its work, and gives its words and the JSON that it writes. */
async function done(...args: string[]): Promise<{ json: unknown; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await runCommand([...args, "--json", "figures.json"]);
  expect(stderr).not.toContain("autodual:");
  expect(code).toBe(0);
  return { json: JSON.parse(readFileSync("figures.json", "utf8")), stdout, stderr };
}

beforeAll(() => {
  process.chdir(folder.path);
  writeModel("image.safetensors", imageNetwork());
});
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

describe("train", () => {
  const args = ["train", "--data", "glyphs", "--model", "tiny", "--epsilon", "8/255", "--limit", "20"];
  const short = ["--epochs", "2", "--batch", "10", "--test-limit", "5"];

  it("trains into a run folder, whose name comes from the data, the model and epsilon", async () => {
    const { json, stdout, stderr } = await done(
      ...args,
      ...short,
      "--schedule-epochs",
      "2",
      "--kappa",
      "0.5,1",
    );
    const run = runSchema.parse(json);
    expect(run.status).toBe("finished");
    expect(run.config.epsilon).toEqual({ start: 8 / 255 / 100, end: 8 / 255, epochs: 2, shape: "linear" });
    expect(run.config.kappa).toEqual({ start: 0.5, end: 1, epochs: 2, shape: "linear" });
    expect(run.config.box).toEqual([0, 1]);
    expect(run.config.learningRate).toEqual({ rate: 0.001, factor: 0.5, every: 10, after: 2 });
    expect(run.epochs.map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect(run.evaluation?.examples).toBe(5);
    expect(readdirSync("runs")).toEqual(["glyphs-tiny-0.03137"]);
    const files = [
      ...["attack.json", "best.safetensors", "certification.json", "checkpoint.safetensors", "layers.json"],
      ...["metrics.jsonl", "model.onnx", "model.safetensors", "radius.json", "report.html", "run.json"],
      "tensorboard",
    ];
    expect(readdirSync("runs/glyphs-tiny-0.03137").sort()).toEqual(files);
    // The same model in another form.
    const trained = await loadModelFile("runs/glyphs-tiny-0.03137/model.safetensors");
    const bytes = readFileSync("runs/glyphs-tiny-0.03137/model.onnx");
    const { network, weights, metadata } = importOnnx(bytes, "model.onnx");
    expect(network.nodes).toEqual(trained.network.nodes);
    expect([...weights].map(([name, values]) => [name, Array.from(values)])).toEqual(
      [...trained.weights].map(([name, values]) => [name, Array.from(values)]),
    );
    expect(metadata).toEqual(trained.metadata);
    expect(JSON.parse(readFileSync("runs/glyphs-tiny-0.03137/run.json", "utf8"))).toEqual(json);
    expect(stderr.match(/^epoch [12]\/2 /gm)).toHaveLength(2);
    expect(stdout).toContain("robust error, at most");
  });

  it("takes the next free folder, and a model to start from", async () => {
    const once = ["--epochs", "1", "--batch", "10", "--test-limit", "2"];
    const start = [
      "train",
      "--data",
      "glyphs",
      "--model",
      "image.safetensors",
      "--epsilon",
      "0",
      "--limit",
      "10",
    ];
    await done(...start, ...once);
    const run = runSchema.parse((await done(...start, ...once)).json);
    expect(run.config.model).toBe(join(folder.path, "image.safetensors"));
    expect(run.config.epsilon.start).toBe(0);
    expect(readdirSync("runs").sort()).toEqual(["glyphs-image-0", "glyphs-image-0-2", "glyphs-tiny-0.03137"]);
  });

  it("trains with random projections, evaluates without", async () => {
    const { json } = await done(
      ...args,
      ...short,
      "--projections",
      "5",
      "--sketch",
      "per-term",
      "--out",
      "p",
    );
    const { config, evaluation, epochs } = runSchema.parse(json);
    expect(config).toMatchObject({ projections: 5, sketch: "per-term" });
    expect(evaluation?.guarantee).toBe("deterministic");
    const exact = runSchema.parse((await done(...args, ...short, "--out", "q")).json);
    expect(epochs[1].robustLoss).not.toBe(exact.epochs[1].robustLoss);
  });

  it("says that a finished run is finished", async () => {
    const { json, stdout } = await done("train", "--resume", "runs/glyphs-tiny-0.03137");
    expect(runSchema.parse(json).status).toBe("finished");
    expect(stdout).toContain("nothing to resume");
  });

  it("normalises CIFAR-10 in the network's first layer and leaves the l2 ball without a box", async () => {
    mkdirSync("cifar");
    for (const name of [
      "data_batch_1",
      "data_batch_2",
      "data_batch_3",
      "data_batch_4",
      "data_batch_5",
      "test_batch",
    ]) {
      writeFileSync(join("cifar", `${name}.bin`), cifarBytes(1));
    }
    const { json } = await done(
      ...["train", "--data", "cifar10", "--data-dir", "cifar", "--model", "tiny", "--norm", "l2"],
      ...["--epsilon", "0.001", "--epochs", "1", "--test-limit", "1", "--out", "c"],
    );
    expect(runSchema.parse(json).config.box).toBeNull();
    const { network } = await loadModelFile("c/model.safetensors");
    expect(network.nodes[1]).toMatchObject({ name: "normalize", layer: { kind: "scale-shift" } });
  });

  it("evaluates epochs on test examples, keeps the best one, and tells TensorBoard", async () => {
    const { json, stderr } = await done(
      ...args,
      ...["--epochs", "5", "--schedule-epochs", "2", "--batch", "10", "--rate", "0.01", "--out", "evaluated"],
      ...["--evaluate-every", "2", "--evaluate-limit", "30", "--test-limit", "5"],
    );
    const run = runSchema.parse(json);
    expect(run.epochs.map(({ test }) => test?.examples ?? null)).toEqual([null, 30, null, 30, null]);
    expect(stderr.match(/ test error .* robust /g)).toHaveLength(2);
    const candidates = [run.epochs[1], run.epochs[3]];
    const least = Math.min(...candidates.map(({ test }) => test?.robustError ?? 1));
    const best = candidates.find(({ test }) => test?.robustError === least);
    expect(run.best).toBe(best?.epoch);
    const { metadata } = await loadModelFile("evaluated/best.safetensors");
    expect(metadata["autodual.epochs"]).toBe(String(run.best));
    const [file] = readdirSync("evaluated/tensorboard");
    expect(file).toMatch(/^events\.out\.tfevents\.\d+\.autodual\.\d+$/);
    const events = readEvents(readFileSync(join("evaluated/tensorboard", file)));
    expect(events.map(({ step }) => step)).toEqual([0, 1, 1, 2, 3, 4, 5]);
    expect(events[0].fileVersion).toBe("brain.Event:2");
    expect(events[1].sessionStatus).toBe(1);
    expect(events[2].scalars["train/loss"]).toBeCloseTo(run.epochs[0].loss, 5);
    expect(events[3].scalars["test/robust error"]).toBeCloseTo(run.epochs[1].test?.robustError ?? -1, 6);
    expect(Object.keys(events[4].scalars)).not.toContain("test/error");
  });

  it("takes the paper's settings, changed by flags, with flips and crops", async () => {
    const { json } = await done(
      ...args,
      ...[
        "--settings",
        "paper-cifar10",
        "--epochs",
        "3",
        "--rate",
        "0.01",
        "--batch",
        "10",
        "--test-limit",
        "2",
      ],
      ...[
        "--schedule",
        "smooth",
        "--warmup-epochs",
        "1",
        "--crop",
        "1",
        "--projections",
        "auto",
        "--out",
        "paper",
      ],
    );
    const { config, epochs } = runSchema.parse(json);
    expect(config).toMatchObject({
      projections: "auto",
      optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 5e-4 },
      gradientClip: 1,
      augmentation: { flip: true, crop: 1 },
      epsilon: { start: 0.001 * 0.225, epochs: 1, shape: "smooth" },
      warmupEpochs: 1,
      learningRate: { rate: 0.01, every: 1, after: 2 },
    });
    expect(epochs.map(({ kappa }) => kappa)).toEqual([1, 1, 1]);
    expect(epochs[0].robustLoss).toBeNull();
    const off = ["--no-flip", "--crop", "0", "--clip", "none", "--optimizer", "adam", "--weight-decay", "0"];
    const plain = await done(
      ...args,
      ...["--settings", "paper-cifar10", "--epochs", "1", "--batch", "10", "--test-limit", "2"],
      ...off,
      ...["--out", "without"],
    );
    expect(runSchema.parse(plain.json).config).toMatchObject({
      augmentation: null,
      gradientClip: null,
      optimizer: { kind: "adam", weightDecay: 0 },
    });
  });

  it("refuses the checkpoint of another version, and leaves the run as it was", async () => {
    await done(...args, ...short, "--out", "old");
    const run = JSON.parse(readFileSync("old/run.json", "utf8"));
    writeFileSync("old/run.json", JSON.stringify({ ...run, status: "interrupted" }));
    const bytes = readFileSync("old/checkpoint.safetensors");
    const text = bytes.toString("latin1").replace("autodual/checkpoint/2", "autodual/checkpoint/1");
    writeFileSync("old/checkpoint.safetensors", Buffer.from(text, "latin1"));
    const { code, stderr } = await runCommand(["train", "--resume", "old"]);
    expect([code, stderr.split("\n").length]).toEqual([2, 2]);
    expect(stderr).toMatch(/checkpoint.*expected.*checkpoint\/2.*found.*checkpoint\/1.*another version/);
    expect(readFileSync("old/checkpoint.safetensors").equals(Buffer.from(text, "latin1"))).toBe(true);
  });
});
