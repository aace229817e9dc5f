import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { loadModelFile } from "../../src/formats/model-file.js";
import { EVALUATIONS } from "../../src/threat/evaluation.js";
import { RUNGS, type Rung } from "../../src/verify/rungs.js";
import { cifarBytes } from "../data/fixtures.js";
import { budgetSchema } from "./budget-schema.js";
import { imageNetwork, writeModel } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

vi.mock("../../src/library/quickstart-settings.js", async (original) => {
  const { QUICKSTART } = await original<typeof import("../../src/library/quickstart-settings.js")>();
  return {
    QUICKSTART: { ...QUICKSTART, trainImages: 20, testImages: 10, epochs: 1, attackSteps: 2 },
  };
});

const fraction = z.number().min(0).max(1);
const modelSchema = z.strictObject({
  path: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  parameters: z.int().positive(),
  hiddenUnits: z.int().positive(),
  stages: z.literal(1),
});
const common = {
  model: modelSchema,
  data: z.strictObject({ name: z.string(), split: z.enum(["train", "test"]), count: z.int().positive() }),
  norm: z.enum(["linf", "l2", "l1"]),
  epsilon: z.number(),
  box: z.tuple([z.number(), z.number()]).nullable(),
  about: z.literal("model"),
};
const exampleFields = { index: z.int().min(0), label: z.int().min(0), prediction: z.int().min(0) };

const certificationSchema = z.strictObject({
  schema: z.literal("autodual/certification/1"),
  ...common,
  bound: z.strictObject({
    method: z.enum(["parallel", "adaptive", "interval", "strongest"]),
    secondsEach: z.number().min(0).optional(),
    arithmetic: z.enum(["float64", "float32"]),
    guarantee: z.enum(["deterministic", "probability", "estimate"]),
    delta: z.number().nullable(),
    projections: z.int().optional(),
    sketch: z.enum(["joint", "per-term"]).optional(),
    sketches: z.int().optional(),
    estimates: z.int().optional(),
    tailEpsilon: fraction.optional(),
    evaluation: z.enum(EVALUATIONS),
    rounding: z.literal("outward"),
  }),
  summary: z.strictObject({
    error: fraction,
    robustError: fraction,
    certified: fraction,
    rungs: z.record(z.enum(RUNGS as [Rung, ...Rung[]]), z.int().min(0)).optional(),
    estimatedRobustError: fraction.optional(),
    examplesPerSecond: z.number().positive(),
    seconds: z.number().positive(),
  }),
  // Not of quickstart.
  budget: budgetSchema.optional(),
  examples: z.array(
    z.strictObject({
      ...exampleFields,
      certified: z.boolean(),
      stage: z.int().min(0),
      rung: z
        .enum(RUNGS as [Rung, ...Rung[]])
        .nullable()
        .optional(),
      marginLower: z.array(z.number().nullable()),
    }),
  ),
});

const attackSchema = z.strictObject({
  schema: z.literal("autodual/attack/1"),
  ...common,
  attack: z.strictObject({
    steps: z.int(),
    restarts: z.int(),
    seed: z.int(),
    arithmetic: z.enum(["float64", "float32"]),
  }),
  summary: z.strictObject({ error: fraction, fgsmError: fraction, pgdError: fraction, seconds: z.number() }),
  examples: z.array(
    z.strictObject({
      ...exampleFields,
      stage: z.literal(0),
      wrong: z.boolean(),
      fgsm: z.boolean(),
      pgd: z.boolean(),
    }),
  ),
  shown: z
    .strictObject({
      index: z.int().min(0),
      label: z.int(),
      prediction: z.int(),
      x: z.array(fraction).length(784),
    })
    .optional(),
});

const folder = newFolder();
const home = process.cwd();
const IMAGES = ["--data", "glyphs", "--limit", "12"];

/** Runs a command that must do its work, and gives its words and the JSON that it writes. */
async function done(...args: string[]): Promise<{ json: unknown; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await runCommand([...args, "--json", "figures.json"]);
  expect(stderr).not.toContain("autodual:");
  expect(code).toBe(0);
  return { json: JSON.parse(readFileSync("figures.json", "utf8")), stdout, stderr };
}

beforeAll(async () => {
  process.chdir(folder.path);
  writeModel("image.safetensors", imageNetwork());
  mkdirSync("run");
  writeModel("run/model.safetensors", imageNetwork());
  mkdirSync("cifar");
  writeFileSync("cifar/test_batch.bin", cifarBytes(1));
});
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

describe("certify", () => {
  const args = ["certify", "image.safetensors", ...IMAGES, "--epsilon", "0.001"];

  it("writes the figures of section 6's form", async () => {
    const { json, stdout } = await done(...args);
    const { summary, examples, ...rest } = certificationSchema.parse(json);
    expect(rest).toMatchObject({
      model: { path: "image.safetensors" },
      data: { name: "glyphs", split: "test", count: 12 },
      norm: "linf",
      epsilon: 0.001,
      box: [0, 1],
    });
    const right = examples.filter(({ certified, label, prediction }) => certified && prediction === label);
    expect(summary.robustError).toBeCloseTo(1 - right.length / 12);
    expect(summary.robustError).toBeGreaterThanOrEqual(summary.error);
    for (const { certified, marginLower, prediction } of examples) {
      expect(marginLower[prediction]).toBe(0);
      expect(certified).toBe(marginLower.every((margin, j) => j === prediction || (margin ?? 0) > 0));
    }
    expect(stdout.replace(/\s+/g, " ")).toMatch(/in any float\d+ evaluation of this network by direct sums/);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  it("says of random projections what they are worth: estimates, or certificates with a probability", async () => {
    const projected = [...args, "--projections", "12", "--seed", "3"];
    const estimate = await done(...projected);
    const { bound, summary } = certificationSchema.parse(estimate.json);
    expect(bound).toMatchObject({ guarantee: "estimate", delta: null, projections: 12, sketch: "joint" });
    expect(summary).toMatchObject({ certified: 0, robustError: 1 });
    expect(summary.estimatedRobustError).toBeLessThan(1);
    expect(estimate.stdout).toContain("Nothing is guaranteed");

    const probable = await done(...projected, "--delta", "0.01", "--sketches", "8");
    const { bound: worth, summary: certain, examples } = certificationSchema.parse(probable.json);
    expect(worth).toMatchObject({ guarantee: "probability", delta: 0.01, sketches: 8, estimates: 16 });
    // Each certificate has the probability, not their sum.
    expect(probable.stdout).not.toMatch(/Guaranteed|no attack|robust error, at most/);
    expect(certain.certified).toBeGreaterThan(0);
    expect(probable.stdout.replace(/\s+/g, " ")).toContain("holds with probability at least 0.99");
    for (const line of probable.stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    const deterministic = certificationSchema.parse((await done(...args)).json);
    examples.forEach(({ certified }, i) => {
      if (certified) expect(deterministic.examples[i].certified).toBe(true);
    });
    // The same seed, the same bounds; layers no wider than the dimension leave nothing to estimate.
    const again = certificationSchema.parse(
      (await done(...projected, "--delta", "0.01", "--sketches", "8")).json,
    );
    expect(again.examples).toEqual(examples);
    const narrow = certificationSchema.parse((await done(...args, "--projections", "500")).json);
    expect([narrow.bound.guarantee, narrow.summary]).toEqual([
      "deterministic",
      expect.objectContaining({ robustError: deterministic.summary.robustError }),
    ]);
  });

  it("tells how each layer was bounded, within a budget of memory", async () => {
    const { json, stdout } = await done(...args, "--explain", "--memory", "200MB");
    const { layers } = z
      .object({
        layers: z.array(
          z.strictObject({
            name: z.string(),
            ways: z.record(z.string(), z.int()),
            neurons: z.int().positive(),
            open: z.number().min(0),
            rows: z.number().min(0),
            multiplyAdds: z.number().min(0),
            milliseconds: z.number().min(0),
          }),
        ),
      })
      .parse(json);
    expect(layers.map(({ name }) => name)).toEqual(["relu1", "relu2", "margins"]);
    expect(layers.map(({ neurons }) => neurons)).toEqual([98, 16, 10]);
    for (const { name } of layers) expect(stdout).toContain(name);
    expect(stdout).toMatch(/neurons\W+unstable\W+rows/);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  it("bounds the label's margins, over the l2 ball, by the adaptive bound, in float32, where asked to", async () => {
    const { json } = await done(
      ...[...args, "--against", "label", "--norm", "l2", "--bound", "adaptive", "--dtype", "float32"],
      ...["--split", "train", "--batch", "5", "--threads", "2"],
    );
    const { examples, ...rest } = certificationSchema.parse(json);
    expect(rest).toMatchObject({
      data: { split: "train" },
      norm: "l2",
      box: null,
      bound: { method: "adaptive", arithmetic: "float32" },
    });
    for (const { label, marginLower } of examples) expect(marginLower[label]).toBe(0);
  });

  it("bounds by intervals alone, or by whatever proves an example first", async () => {
    const found = async (...flags: string[]) =>
      certificationSchema.parse((await done(...args, ...flags)).json);
    const [interval, adaptive] = [await found("--bound", "interval"), await found("--bound", "adaptive")];
    expect(interval.bound.method).toBe("interval");
    const strongest = await found("--each", "2", "--report", "each.html");
    expect(strongest.bound).toMatchObject({ method: "strongest", secondsEach: 2 });
    strongest.examples.forEach(({ certified, rung, marginLower }, i) => {
      if (interval.examples[i].certified) expect(rung).toBe("interval");
      if (adaptive.examples[i].certified) expect(certified).toBe(true);
      expect(certified).toBe(rung !== null);
      marginLower.forEach((bound, j) => {
        expect(bound as number).toBeGreaterThanOrEqual(interval.examples[i].marginLower[j] as number);
      });
    });
    const counted = Object.values(strongest.summary.rungs ?? {}).reduce((sum, count) => sum + count, 0);
    expect(counted).toBe(strongest.examples.filter(({ certified }) => certified).length);
    const { stdout } = await runCommand([...args, "--each", "0"]);
    expect(stdout).toMatch(/proved first by/);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  it.each([
    [["--bound", "adaptive"], "--bound"],
    [["--projections", "5"], "--projections"],
    [["--explain"], "--explain"],
  ])("tries every bound itself with --each, without %s", async (flags, name) => {
    const { code, stderr } = await runCommand([...args, "--each", "1", ...flags]);
    expect([code, stderr.trim()]).toEqual([
      2,
      `autodual: --each: expected without ${name}, as it tries every bound itself, found both`,
    ]);
  });

  it("takes no box where none is asked for", async () => {
    const { json } = await done(...args, "--box", "none");
    expect(certificationSchema.parse(json).box).toBeNull();
  });

  it("leaves standard output to the figures with --json -", async () => {
    const { stdout, stderr } = await runCommand([...args, "--json", "-"]);
    certificationSchema.parse(JSON.parse(stdout));
    expect(stderr).toContain("robust error, at most");
  });

  it("exits with 1 if the robust error is above --fail-above, and writes the figures all the same", async () => {
    // Untrained: about one of ten predictions is right.
    const { code, stderr } = await runCommand([...args, "--fail-above", "0.05", "--json", "failed.json"]);
    expect([code, stderr]).toEqual([1, ""]);
    expect(existsSync("failed.json")).toBe(true);
    expect((await runCommand([...args, "--fail-above", "1"])).code).toBe(0);
  });

  it("certifies nothing where bounds overflow to NaN", async () => {
    const { network } = await loadModelFile("image.safetensors");
    const huge = new Map(
      network.parameters.map(({ name, shape }) => [
        name,
        new Float64Array(shape.reduce((product, extent) => product * extent, 1)).fill(1e200),
      ]),
    );
    const { encodeModel } = await import("../../src/formats/model-file.js");
    writeFileSync("huge.safetensors", encodeModel({ network, weights: huge }));
    const args = ["certify", "huge.safetensors", ...IMAGES, "--epsilon", "0.1", "--dtype"];
    const { json } = await done(...args, "float64");
    const { summary, examples } = certificationSchema.parse(json);
    expect(summary).toMatchObject({ robustError: 1, certified: 0 });
    expect(examples.flatMap(({ marginLower }) => marginLower)).toContain(null);

    const { code, stderr } = await runCommand([...args, "float32"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/huge\.safetensors: weight .* is 1e\+200, .*--dtype float64/);
  });
});

describe("attack", () => {
  it("finds errors that certify's bound is never below", async () => {
    const ball = [...IMAGES, "--epsilon", "0.02"];
    const { json, stdout } = await done(
      "attack",
      "image.safetensors",
      ...ball,
      "--steps",
      "3",
      "--seed",
      "5",
    );
    const { summary, examples, attack } = attackSchema.parse(json);
    expect(attack).toMatchObject({ steps: 3, restarts: 2, seed: 5 });
    expect(examples).toHaveLength(12);
    expect(summary.fgsmError).toBeGreaterThanOrEqual(summary.error);
    expect(summary.pgdError).toBeGreaterThanOrEqual(summary.fgsmError);
    const certification = certificationSchema.parse(
      (await done("certify", "image.safetensors", ...ball)).json,
    );
    expect(summary.pgdError).toBeLessThanOrEqual(certification.summary.robustError);
    expect(stdout).toContain("lower bound");
  });
});

describe("info", () => {
  it("lists an architecture's layers", async () => {
    const { json, stdout } = await done("info", "small");
    expect(json).toMatchObject({
      schema: "autodual/info/1",
      model: { path: null, parameters: 166406, hiddenUnits: 4804 },
      classes: 10,
    });
    expect(stdout).toContain("166,406");
  });

  it("takes another input and other classes, and files", async () => {
    expect((await done("info", "tiny", "--input", "3,32,32", "--classes", "7")).json).toMatchObject({
      inputShape: [3, 32, 32],
      classes: 7,
    });
    const { json, stdout } = await done("info", "run");
    expect(json).toMatchObject({ model: { path: join("run/model.safetensors") } });
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe("data", () => {
  it("says what is there", async () => {
    const { json, stdout } = await done("data", "glyphs");
    expect(json).toMatchObject({ schema: "autodual/data/1", name: "glyphs", classes: 10 });
    expect(stdout).toContain("complete");
  });

  it("says where a data set is looked for that is incomplete", async () => {
    const { stdout } = await done("data", "cifar10", "--data-dir", "cifar");
    expect(stdout).toContain("partial");
    expect(stdout).toContain("--data-dir: ");
  });
});

describe("quickstart", () => {
  it("replaces its own folder and leaves nothing beside it", async () => {
    const { json, stdout } = await done("quickstart", "--out", "quick/start");
    const { model, data, summary } = certificationSchema.parse(json);
    expect(model.path).toBe("quick/start/model.safetensors");
    expect(data.count).toBe(10);
    for (const figure of ["standard error", "PGD error", "robust error, at most"])
      expect(stdout).toContain(figure);
    expect(JSON.parse(readFileSync("quick/start/certification.json", "utf8"))).toEqual(json);

    await done("quickstart", "--out", "quick/start", "--seed", "1");
    expect(readdirSync("quick")).toEqual(["start"]);
    const again = await done(
      "certify",
      "quick/start",
      "--data",
      "glyphs",
      "--limit",
      "10",
      "--epsilon",
      "0.1",
    );
    const repeated = certificationSchema.parse(again.json);
    expect(repeated.model.sha256).not.toBe(model.sha256);
    expect(summary.robustError).toBeGreaterThanOrEqual(summary.error);
  });
});

describe("help", () => {
  it.each(["", "quickstart", "train", "certify", "attack", "info", "data", "bench"])(
    "%s --help",
    async (command) => {
      const { code, stdout, stderr } = await runCommand([command, "--help"].filter((word) => word !== ""));
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toContain(command === "" ? "Exit codes" : "--json");
      expect(stdout).not.toContain("webgpu");
    },
  );

  it("tells an internal fault in one line, and where it is when asked to", async () => {
    const broken = {
      isTTY: false,
      write: () => {
        throw new Error("no more paper");
      },
    };
    const lines: string[] = [];
    const { run } = await import("../../src/cli/program.js");
    const io = { stdout: broken, stderr: { write: (line: string) => lines.push(line) }, env: {} };
    expect(await run(["info", "tiny"], io as never)).toBe(3);
    expect(lines).toEqual(["autodual: internal fault: no more paper; set AUTODUAL_DEBUG=1 to see where\n"]);
    expect(await run(["info", "tiny"], { ...io, env: { AUTODUAL_DEBUG: "1" } } as never)).toBe(3);
    expect(lines.join("")).toContain("info.ts");
  });
});
