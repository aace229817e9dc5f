import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { roundDown, roundUp } from "../../src/cli/drift-words.js";
import { encodeModel } from "../../src/formats/model-file.js";
import { drift } from "../../src/library/drift.js";
import { linear } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { lively } from "../support/networks.js";
import { flatNetwork, writeInputFiles } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

const figure = z.number().min(0).nullable();
const driftSchema = z.strictObject({
  schema: z.literal("autodual/drift/1"),
  model: z.strictObject({
    path: z.string(),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    parameters: z.int().positive(),
    hiddenUnits: z.int().min(0),
    stages: z.literal(1),
  }),
  data: z
    .strictObject({ name: z.string(), split: z.enum(["train", "test"]), count: z.int().positive() })
    .nullable(),
  norm: z.enum(["linf", "l2", "l1"]),
  epsilon: z.number().min(0).nullable(),
  box: z.tuple([z.number(), z.number()]).nullable(),
  evaluation: z.enum(["float32", "float32-ftz", "float64"]),
  bound: z.strictObject({
    method: z.enum(["parallel", "adaptive"]),
    arithmetic: z.literal("float64"),
    guarantee: z.literal("deterministic"),
  }),
  observed: z.strictObject({ evaluations: z.int().positive(), points: z.int().min(0) }),
  summary: z.strictObject({
    bound: figure,
    observed: figure,
    mayDiffer: z.int().min(0).nullable(),
    seconds: z.number().positive(),
  }),
  logits: z.array(
    z.strictObject({
      class: z.int().min(0),
      name: z.string().nullable(),
      bound: figure,
      medianBound: figure,
      observed: figure,
      medianObserved: figure,
    }),
  ),
  examples: z
    .array(
      z.strictObject({
        index: z.int().min(0),
        label: z.int().min(0),
        prediction: z.int(),
        sameAnswer: z.boolean(),
        bound: z.array(figure),
        observed: z.array(figure),
      }),
    )
    .nullable(),
});

const folder = newFolder();
const home = process.cwd();
const FOUR = ["flat.safetensors", "--data", "four.npz"];

beforeAll(async () => {
  await writeInputFiles(folder.path);
  process.chdir(folder.path);
  // Two logits that are the same but for the last bit.
  const tie = {
    network: sequential([4], [linear(3)]),
    weights: new Map([
      ["linear1.weight", Float32Array.of(1, 1, 1, 1, 1, 1, 1, 1 - 2 ** -24, -1, -1, -1, -1)],
      ["linear1.bias", new Float32Array(3)],
    ]),
  };
  writeFileSync("tie.safetensors", encodeModel(tie));
  const huge = lively(flatNetwork(), 2);
  const weights = new Map(
    [...huge.weights].map(([name, w]) => [name, Float32Array.from(w, (v) => v * 1e37)]),
  );
  writeFileSync("huge.safetensors", encodeModel({ ...huge, weights }));
}, 120_000);
beforeEach(() => process.chdir(folder.path));
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

async function drifts(...args: string[]) {
  const { code, stdout, stderr } = await runCommand(["drift", ...args, "--json", "drift.json"]);
  expect(stderr).not.toContain("autodual:");
  expect(code).toBe(0);
  return {
    json: driftSchema.parse(JSON.parse(readFileSync("drift.json", "utf8"))),
    words: stdout.replace(/\s+/g, " "),
  };
}

describe("drift", () => {
  it("bounds and observes each logit at each example", async () => {
    const { json, words } = await drifts(...FOUR, "--evaluation", "float32");
    const { examples, summary, logits } = json;
    expect(json).toMatchObject({
      epsilon: 0,
      evaluation: "float32",
      observed: { evaluations: 10, points: 0 },
    });
    expect(examples?.length).toBe(json.data?.count);
    const bounds = examples?.flatMap(({ bound }) => bound as number[]) ?? [];
    const seen = examples?.flatMap(({ observed }) => observed as number[]) ?? [];
    expect(bounds.every((bound, i) => seen[i] <= bound)).toBe(true);
    expect(summary.bound).toBe(Math.max(...bounds));
    expect(summary.observed).toBe(Math.max(...seen));
    expect(Math.max(...seen)).toBeGreaterThan(0);
    expect(logits.length).toBe(examples?.[0].bound.length);
    for (const logit of logits) expect(logit.medianBound).toBeLessThanOrEqual(logit.bound as number);
    expect(words).toContain(
      `may differ by at most ${roundUp(summary.bound as number)} in a logit; seen: ${roundDown(summary.observed as number)}`,
    );
  });

  it("takes balls of all norms, box and evaluations", async () => {
    const bounds: number[] = [];
    for (const epsilon of ["0", "0.05", "0.2"]) {
      bounds.push((await drifts(...FOUR, "--epsilon", epsilon)).json.summary.bound as number);
    }
    expect(bounds[0]).toBeLessThan(bounds[1]);
    expect(bounds[1]).toBeLessThan(bounds[2]);
    for (const flags of ["--norm l2", "--norm l1", "--box none", "--bound adaptive --points 0"]) {
      const { json } = await drifts(...FOUR, "--epsilon", "0.1", ...flags.split(" "));
      expect(json.summary.bound).toBeGreaterThan(json.summary.observed as number);
    }
    const of = async (evaluation: string) => (await drifts(...FOUR, "--evaluation", evaluation)).json.summary;
    const [single, flushed, double] = [await of("float32"), await of("float32-ftz"), await of("float64")];
    expect(flushed.bound).toBeGreaterThan(single.bound as number);
    expect(double.bound).toBeLessThan((single.bound as number) * 2 ** -26);
  });

  it("is about the whole box without data", async () => {
    const { json, words } = await drifts("flat.safetensors");
    expect(json).toMatchObject({ data: null, epsilon: null, box: [0, 1], examples: null });
    expect(json.summary.mayDiffer).toBeNull();
    expect(words).toContain("at the same input, any within 0 to 1,");
    const at = await drifts(...FOUR);
    expect(json.summary.bound).toBeGreaterThanOrEqual(at.json.summary.bound as number);
    const wide = await drifts("flat.safetensors", "--box", "-5,5");
    expect(wide.json.summary.bound).toBeGreaterThan(json.summary.bound as number);
  });

  it("counts answers that another machine may change", async () => {
    const { json, words } = await drifts("tie.safetensors", "--data", "four.npz");
    expect(json.summary.mayDiffer).toBe(json.data?.count);
    expect(words).toContain(`${json.data?.count} may get another answer on another machine`);
    const { words: same } = await drifts(...FOUR, "--limit", "1");
    expect(same).toContain("Every such machine gives the same answer to the example.");
  });

  it("says where nothing bounds it", async () => {
    const { json, words } = await drifts("huge.safetensors");
    expect(json.summary.bound).toBeNull();
    expect(words).toContain("a sum may overflow");
  });

  it("is what the library gives", async () => {
    const { json } = await drifts(...FOUR, "--epsilon", "0.1");
    const { examples, logits } = await drift("flat.safetensors", "four.npz", { epsilon: 0.1 });
    expect(examples?.map((row) => row.logits.map(({ bound }) => bound))).toEqual(
      json.examples?.map(({ bound }) => bound),
    );
    expect(logits.map(({ observed }) => observed)).toEqual(json.logits.map(({ observed }) => observed));
    const one = await drift("flat.safetensors", [0.1, 0.2, 0.3, 0.4]);
    expect(one.examples?.[0].label).toBeNull();
    expect((await drift("flat.safetensors", null)).examples).toBeNull();
    await expect(drift("flat.safetensors", null, { epsilon: 0.1 })).rejects.toThrow(
      "drift: images: expected",
    );
  });

  it.each([
    ["nowhere.onnx", "nowhere.onnx"],
    ["flat.safetensors --data nowhere.npz", "nowhere.npz"],
    ["flat.safetensors --epsilon 0.1", "--epsilon: expected with --data"],
    ["flat.safetensors --norm l2", "--norm: expected with --data"],
    ["flat.safetensors --limit 3", "--limit: expected with --data"],
    ["flat.safetensors --box none", "--box: expected bounds of the inputs"],
    ["flat.safetensors --data four.npz --epsilon -1", "--epsilon: expected a number of at least 0"],
    ["flat.safetensors --data four.npz --epsilon 1e999", "--epsilon: expected a number"],
    ["flat.safetensors --data four.npz --points 3", "--points: expected with --epsilon above 0"],
    ["flat.safetensors --points -1", "--points: expected a whole number"],
    ["flat.safetensors --evaluation real", "--evaluation: expected float32, float32-ftz, float64"],
    ["flat.safetensors --dtype float32", "--dtype"],
    ["flat.safetensors --data four.npz --norm l2 --box 0,1", "--box: expected none with --norm l2"],
    ["mnist-small-0.1 --data four.npz", "expected one model, found a cascade"],
    ["mnist-small-0.1/stage-1 --data four.npz", "the model takes inputs of"],
    ["flat.safetensors other.safetensors", "argument"],
    ["", "model"],
  ])("refuses %s in one line", async (line, expected) => {
    const { code, stdout, stderr } = await runCommand(["drift", ...line.split(" ").filter(Boolean)]);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr.trim().split("\n").length).toBe(1);
    expect(stderr).toContain(expected);
  });
});

describe("two digits", () => {
  it.each([
    [0.0123456, "0.013", "0.012"],
    [0.012, "0.012", "0.012"],
    [1.0000001, "1.1", "1"],
    [9.99e-7, "0.000001", "9.9e-7"],
    [123, "130", "120"],
    [0, "0", "0"],
    [Number.POSITIVE_INFINITY, "unknown", "unknown"],
  ])("of %d are outward", (value, up, down) => {
    expect([roundUp(value), roundDown(value)]).toEqual([up, down]);
  });
});
