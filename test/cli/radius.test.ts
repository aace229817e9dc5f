import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { encodeModel } from "../../src/formats/model-file.js";
import { exportOnnx } from "../../src/formats/onnx/export/export.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { initialWeights } from "../../src/network/weights.js";
import { EVALUATIONS } from "../../src/threat/evaluation.js";
import { lively } from "../support/networks.js";
import { budgetSchema } from "./budget-schema.js";
import { flatNetwork, writeInputFiles } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

const radiusSchema = z.strictObject({
  schema: z.literal("autodual/radius/1"),
  model: z.strictObject({ path: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  data: z.strictObject({ name: z.string(), split: z.enum(["train", "test"]), count: z.int().positive() }),
  norm: z.enum(["linf", "l2", "l1"]),
  box: z.tuple([z.number(), z.number()]).nullable(),
  about: z.literal("model"),
  most: z.number().positive(),
  tolerance: z.number().positive(),
  bound: z.strictObject({
    method: z.enum(["parallel", "adaptive"]),
    arithmetic: z.enum(["float64", "float32"]),
    guarantee: z.literal("deterministic"),
    timeout: z.number().positive().nullable(),
    evaluation: z.enum(EVALUATIONS).nullable(),
    rounding: z.enum(["outward", "none"]),
  }),
  summary: z.strictObject({
    error: z.number().min(0).max(1),
    mean: z.number().min(0),
    median: z.number().min(0),
    largest: z.number().min(0),
    seconds: z.number().positive(),
  }),
  budget: budgetSchema,
  examples: z.array(
    z.strictObject({
      index: z.int().min(0),
      label: z.int().min(0),
      prediction: z.int().min(0),
      radius: z.number().min(0),
      broken: z.number().positive().nullable(),
    }),
  ),
});

const folder = newFolder();
const home = process.cwd();
const DIGITS = ["mnist-small-0.1/stage-1", "--data", "glyphs", "--limit", "6"];
const FOUR = ["flat.safetensors", "--data", "four.npz"];

beforeAll(async () => {
  await writeInputFiles(folder.path);
  process.chdir(folder.path);
  writeFileSync(
    "flat.onnx",
    exportOnnx({ network: flatNetwork(), weights: initialWeights(flatNetwork(), 1) }),
  );
  const layers = [linear(14), relu(), linear(14), relu(), linear(3)];
  const wiggly = lively(sequential([4], layers), 5);
  writeFileSync("wiggly.safetensors", encodeModel(wiggly));
  writeFileSync("wiggly.onnx", exportOnnx(wiggly));
}, 120_000);
beforeEach(() => process.chdir(folder.path));
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

async function radii(...args: string[]) {
  const { code, stdout, stderr } = await runCommand(["radius", ...args, "--json", "radii.json"]);
  expect(stderr).not.toContain("autodual:");
  expect(code).toBe(0);
  return {
    json: radiusSchema.parse(JSON.parse(readFileSync("radii.json", "utf8"))),
    words: stdout.replace(/\s+/g, " "),
  };
}

/** What certify says of each example at an ε of its own. */
async function certifiedAt(args: readonly string[], epsilons: readonly number[]): Promise<boolean[]> {
  const answers: boolean[] = [];
  for (const [i, epsilon] of epsilons.entries()) {
    const flags = ["--epsilon", String(epsilon), "--json", "certified.json"];
    expect((await runCommand(["certify", ...args, ...flags])).code).toBe(0);
    const { examples } = JSON.parse(readFileSync("certified.json", "utf8")) as {
      examples: { certified: boolean }[];
    };
    answers.push(examples[i].certified);
  }
  return answers;
}

describe("radius", () => {
  it.each([
    ["linf", [...DIGITS]],
    ["linf, adaptive", [...DIGITS, "--bound", "adaptive"]],
    ["l2", [...DIGITS, "--norm", "l2"]],
    ["l1 of four numbers, no box", [...FOUR, "--norm", "l1", "--most", "5"]],
    ["single precision", [...DIGITS, "--dtype", "float32"]],
  ])("is certified itself, and little more is: %s", async (_, args) => {
    const { json } = await radii(...args);
    const found = json.examples.map(({ radius }) => radius);
    expect(Math.max(...found)).toBeGreaterThan(json.tolerance);
    const flags = args.filter((arg, i) => arg !== "--most" && args[i - 1] !== "--most");
    const certified = await certifiedAt(flags, found);
    const further = await certifiedAt(
      flags,
      found.map((radius) => radius + 3 * json.tolerance),
    );
    for (const [i, radius] of found.entries()) {
      if (radius > 0) expect(certified[i], `example ${i} at ${radius}`).toBe(true);
      if (radius < json.most) expect(further[i], `example ${i} beyond ${radius}`).toBe(false);
    }
  });

  it("says what was found", async () => {
    const { json, words } = await radii(...DIGITS);
    const { most, tolerance, bound, box, summary, examples } = json;
    expect({ most, tolerance, box }).toEqual({ most: 1, tolerance: 1 / 2048, box: [0, 1] });
    expect(bound).toMatchObject({ method: "parallel", timeout: null });
    expect(examples).toHaveLength(6);
    expect(examples.every(({ broken }) => broken === null)).toBe(true);
    // An example that is predicted wrongly counts as 0.
    const counted = examples.map(({ radius, prediction, label }) => (prediction === label ? radius : 0));
    expect(summary.largest).toBe(Math.max(...counted));
    expect(summary.mean).toBeCloseTo(counted.reduce((a, b) => a + b, 0) / 6, 12);
    expect(words).toContain("6 examples of glyphs (test)");
    expect(words).toContain("Each radius was certified by deterministic bounds");
    expect(words).not.toContain("broken");
  });

  it("takes ONNX, and finds no radius above --most", async () => {
    const flags = ["--data", "four.npz", "--most", "1e-6"];
    const { json } = await radii("flat.onnx", ...flags);
    expect(json.examples.every(({ radius }) => radius === 1e-6)).toBe(true);
    expect(json.tolerance).toBe(1e-6 / 2048);
  });

  it.each(["wiggly.safetensors", "wiggly.onnx"])(
    "--timeout widens radii until they meet what breaks: %s",
    async (path) => {
      const args = [path, "--data", "four.npz", "--tolerance", "1e-3", "--dtype", "float64"];
      const narrow = await radii(...args);
      const { json, words } = await radii(...args, "--timeout", "5");
      expect(json.bound).toMatchObject({ arithmetic: "float64", timeout: 5 });
      let wider = 0;
      for (const [i, { radius, broken }] of json.examples.entries()) {
        expect(radius).toBeGreaterThanOrEqual(narrow.json.examples[i].radius);
        if (radius > narrow.json.examples[i].radius) wider += 1;
        if (broken === null) continue;
        expect(broken).toBeGreaterThan(radius);
        // So few neurons are settled in the time.
        expect(broken - radius).toBeLessThanOrEqual(1e-3);
      }
      expect(wider).toBeGreaterThan(0);
      expect(words).toContain("broken within the largest");
    },
  );

  it.each([
    ["a cascade", "mnist-small-0.1 --data glyphs --limit 2", ["cascade of 6 stages", "stage-1"]],
    ["no data", "flat.safetensors", ["--data", "found nothing"]],
    ["no model", "--data four.npz", ["model"]],
    ["a missing model", "no.onnx --data four.npz", ["no.onnx", "no such file"]],
    ["NaN weights", "nan.safetensors --data four.npz", ["nan.safetensors", "NaN"]],
    ["other data", "flat.safetensors --data glyphs --limit 2", ["flat.safetensors", "1×28×28"]],
    ["a timeout with l2", "flat.safetensors --data four.npz --norm l2 --timeout 3", ["--timeout", "l2"]],
    ["a box with l2", "flat.safetensors --data four.npz --norm l2 --box 0,1", ["--box", "linf"]],
    ["a box far from the data", "flat.safetensors --data four.npz --box 3,4", ["--box 3,4"]],
    ["no largest radius", "flat.safetensors --data four.npz --most 0", ["--most", "above 0"]],
    ["no tolerance", "flat.safetensors --data four.npz --tolerance 0", ["--tolerance", "above 0"]],
    ["no time", "flat.safetensors --data four.npz --timeout 0", ["--timeout", "above 0"]],
    ["an epsilon", "flat.safetensors --data four.npz --epsilon 0.1", ["--epsilon"]],
    ["an unknown norm", "flat.safetensors --data four.npz --norm l3", ["--norm", '"l3"']],
    ["an unknown bound", "flat.safetensors --data four.npz --bound best", ["--bound", '"best"']],
  ])("refuses %s in one line", async (_, line, words) => {
    const { code, stdout, stderr } = await runCommand(["radius", ...line.split(" ")]);
    expect(stderr).toMatch(/^autodual: [^\n]+\n$/);
    for (const word of words) expect(stderr).toContain(word);
    expect([code, stdout]).toEqual([2, ""]);
  });
});
