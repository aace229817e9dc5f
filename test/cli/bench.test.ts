import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { imageNetwork, writeModel } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

// Shapes of the bench take long on the portable backend; what is measured is not what is tested.
vi.mock("../../src/bench/kernels.js", async (original) => ({
  ...(await original<typeof import("../../src/bench/kernels.js")>()),
  benchKernels: async () => ({
    peakGflops: 6,
    kernels: [
      {
        name: "linear",
        gflops: 3,
        fractionOfPeak: 0.5,
        shapes: [{ shape: "small", seconds: 0.1, gflops: 3, fractionOfPeak: 0.5 }],
      },
      { name: "median-abs", nsPerElement: 2, shapes: [{ shape: "small", seconds: 0.1, nsPerElement: 2 }] },
    ],
  }),
}));

const positive = z.number().positive();
const stepSchema = z.strictObject({
  name: z.string(),
  batch: z.int().positive(),
  seconds: positive,
  secondsPerExample: positive,
  examples: z.int().positive(),
  peakMemoryMB: positive,
});
const certifySchema = stepSchema.extend({
  robustError: z.number().min(0).max(1),
  roundingCost: positive,
  multiplyAddsNeeded: positive,
  multiplyAddsDone: positive,
  gflops: positive,
  fractionOfPeak: positive,
});
const scalingSchema = stepSchema.extend({
  way: z.enum(["projected", "generators", "planned"]),
  hiddenUnits: z.int().positive(),
  secondsPerHiddenUnit: positive,
  bytesPerHiddenUnit: positive,
});
const benchSchema = z.strictObject({
  schema: z.literal("autodual/bench/1"),
  backend: z.strictObject({ name: z.string(), machine: z.string(), arithmetic: z.string() }),
  peakGflops: positive,
  threads: z.int().positive(),
  kernels: z.array(
    z.union([
      z.object({ name: z.string(), gflops: positive, fractionOfPeak: positive }),
      z.object({ name: z.string(), nsPerElement: positive }),
    ]),
  ),
  steps: z.array(z.union([stepSchema, certifySchema, scalingSchema])),
  notRun: z.array(z.object({ name: z.string(), hiddenUnits: z.int(), neededMemoryMB: positive })).optional(),
  growth: z.array(z.object({ axis: z.string() })).optional(),
});

const folder = newFolder();
const home = process.cwd();
const FEW = ["--data", "glyphs", "--batch", "3", "--limit", "5"];

beforeAll(() => {
  process.chdir(folder.path);
  writeModel("image.safetensors", imageNetwork());
});
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

async function bench(...args: string[]) {
  const { code, stdout, stderr } = await runCommand(["bench", ...args, "--json", "bench.json"]);
  expect([code, stderr.includes("autodual:")]).toEqual([0, false]);
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  return benchSchema.parse(JSON.parse(readFileSync("bench.json", "utf8")));
}

describe("bench", () => {
  it("measures steps of models, each beside the machine's peak", async () => {
    const { kernels, steps } = await bench(
      ...[...FEW, "--model", "tiny", "image.safetensors", "--projections", "exact", "7"],
    );
    expect(kernels.map(({ name }) => name)).toEqual(["linear", "median-abs"]);
    expect(steps.map(({ name }) => name)).toEqual([
      "mnist-tiny exact",
      "mnist-tiny r=7",
      "image.safetensors exact",
      "image.safetensors r=7",
      "mnist-tiny certify, epsilon 0.1",
      "image.safetensors certify, epsilon 0.1",
    ]);
    for (const { batch } of steps) expect(batch).toBe(3);
    const certified = z.array(certifySchema).parse(steps.slice(4));
    expect(certified.map(({ examples }) => examples)).toEqual([5, 5]);
  });

  it("measures what it is asked for alone", async () => {
    expect(await bench("kernels")).toMatchObject({ steps: [] });
    const { kernels, steps } = await bench("certify", ...FEW, "--model", "tiny", "--epsilon", "0.2");
    expect(kernels).toEqual([]);
    expect(steps.map(({ name }) => name)).toEqual(["mnist-tiny certify, epsilon 0.2"]);
    const [{ multiplyAddsNeeded, multiplyAddsDone }] = z.array(certifySchema).parse(steps);
    expect(multiplyAddsDone).toBeGreaterThan(multiplyAddsNeeded);
  });

  it("measures how a step grows with hidden units, each way", async () => {
    const { steps, notRun, growth } = await bench("scaling", "--data", "glyphs", "--most", "800");
    expect(growth).toEqual([]);
    expect(
      z
        .array(scalingSchema)
        .parse(steps)
        .map(({ name, batch, hiddenUnits }) => [name, batch, hiddenUnits]),
    ).toEqual([
      ["scaling r=50", 10, 784],
      ["scaling exact, generators", 10, 784],
      ["scaling exact, planned", 10, 784],
    ]);
    expect(notRun).toEqual([]);
  });

  it.each([
    ["scaling --data glyphs --most 100", ["hidden units", "at least 784", "100"]],
    ["certfy", ["target", "kernels, train-step, certify, scaling", '"certfy"']],
    ["certify --model nothing", ["nothing"]],
    ["certify --model missing.safetensors", ["missing.safetensors"]],
    ["certify --data glyphs --projections 50", ["--projections 50", "train-step", "found beside certify"]],
    ["kernels --loss ibp", ["--loss ibp", "train-step"]],
    ["scaling --sketch per-term", ["--sketch per-term", "train-step"]],
    ["train-step --data nowhere", ["--data nowhere"]],
    ["train-step --projections none", ["--projections", "whole number", '"none"']],
    ["certify --data glyphs --limit 0", ["--limit", "at least 1"]],
  ])("bad input is told in one line: %s", async (line, words) => {
    const { code, stderr } = await runCommand(["bench", ...line.split(" ")]);
    expect(code).toBe(2);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    for (const word of words) expect(stderr).toContain(word);
  });
});
