import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { shrinkage } from "../../src/experiments/figure6.js";
import { imageNetwork, writeModel } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const home = process.cwd();

beforeAll(() => {
  process.chdir(folder.path);
  writeModel("image.safetensors", imageNetwork());
});
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

const error = z.strictObject({ mean: z.number(), deviation: z.number().min(0) });
const fraction = z.number().min(0).max(1);

async function reproduce(...args: string[]) {
  const { code, stdout, stderr } = await runCommand(["reproduce", ...args, "--data", "glyphs"]);
  expect([code, stderr.includes("autodual:")]).toEqual([0, false]);
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  const stem = `results/${args[0]}`;
  expect(readFileSync(`${stem}.svg`, "utf8")).toContain("<svg");
  expect(readFileSync(`${stem}.png`).subarray(1, 4).toString()).toBe("PNG");
  return { record: JSON.parse(readFileSync(`${stem}.json`, "utf8")), stdout };
}

describe("reproduce", () => {
  it("figure5: a cascade on points of the plane", async () => {
    const { code, stdout } = await runCommand([
      ...["reproduce", "figure5", "--limit", "12", "--epochs", "150", "--epsilon", "0.03"],
      ...["--backend", "portable"],
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain("stage 1");
    const record = JSON.parse(readFileSync("results/figure5.json", "utf8"));
    expect(record.points).toHaveLength(12);
    expect(record.cascadeAnswers).toHaveLength(100 * 100);
    const certified = record.cascade.filter((verdict: { certified: boolean }) => verdict.certified);
    expect(certified.length).toBeGreaterThan(0);
    const [first, second] = record.stages;
    expect(first.trainedOn).toHaveLength(12);
    if (second) expect(second.trainedOn.length).toBeLessThan(12);
    expect(readFileSync("results/figure5.svg", "utf8")).toContain("<svg");
  });

  it("figure6: errors of estimated widths by layer, form and dimension", async () => {
    const { record } = await reproduce(
      ...["figure6", "--model", "image.safetensors", "--limit", "2", "--sketches", "4"],
      ...["--projections", "5", "80"],
    );
    const { rows } = z
      .object({
        rows: z.array(
          z.strictObject({
            weights: z.literal("image.safetensors"),
            form: z.enum(["joint", "per-term"]),
            dimension: z.int(),
            layer: z.int(),
            neurons: z.int(),
            width: error,
            estimate: error,
          }),
        ),
      })
      .parse(record);
    expect(rows.map(({ form, dimension, layer }) => `${form} ${dimension} ${layer}`)).toEqual(
      ["joint", "per-term"].flatMap((form) =>
        [5, 80].flatMap((dimension) => [1, 2].map((layer) => `${form} ${dimension} ${layer}`)),
      ),
    );
    const deviation = (form: string, dimension: number) =>
      rows.find((row) => row.form === form && row.dimension === dimension && row.layer === 2)?.estimate
        .deviation ?? Number.NaN;
    for (const form of ["joint", "per-term"]) {
      expect(deviation(form, 80)).toBeLessThan(deviation(form, 5));
    }
    // The joint form has the first layer exactly.
    expect(rows[0].width.deviation).toBeLessThan(1e-5);
  });

  it("figure2: training with projections and with deterministic bounds, evaluated by the latter", async () => {
    const { record, stdout } = await reproduce(
      ...["figure2", "--model", "tiny", "--epochs", "2", "--limit", "60", "--test-limit", "20"],
      ...["--projections", "5", "exact"],
    );
    const { curves } = z
      .object({
        curves: z.array(
          z.strictObject({
            projections: z.union([z.int(), z.literal("exact")]),
            points: z.array(
              z.strictObject({
                epoch: z.int(),
                epsilon: z.number(),
                trainRobustLoss: z.number(),
                testError: fraction,
                testRobustError: fraction,
                seconds: z.number(),
              }),
            ),
          }),
        ),
      })
      .parse(record);
    expect(curves.map(({ projections, points }) => [projections, points.length])).toEqual([
      [5, 2],
      ["exact", 2],
    ]);
    for (const { points } of curves) {
      for (const { testError, testRobustError } of points) {
        expect(testRobustError).toBeGreaterThanOrEqual(testError);
      }
    }
    expect(curves[0].points[1].trainRobustLoss).not.toBe(curves[1].points[1].trainRobustLoss);
    expect(stdout).toContain("one seed");
  });

  it("figure7: time and memory against hidden units", async () => {
    const { record } = await reproduce("figure7", "--most", "1600");
    const { steps } = z
      .object({ steps: z.array(z.object({ name: z.string(), hiddenUnits: z.int().max(1600) })) })
      .parse(record);
    expect(new Set(steps.map(({ name }) => name))).toEqual(
      new Set(["scaling r=50", "scaling exact, generators", "scaling exact, planned"]),
    );
  });

  it.each([
    ["figure9", ["target", "figure2", "figure6", "figure7", '"figure9"']],
    ["figure6 --epochs 3", ["--epochs", "figure6 takes no such flag"]],
    ["figure2 --model large.onnx", ["large.onnx"]],
    ["figure6 --data nowhere", ["--data nowhere"]],
    ["figure6 --out image.safetensors", ["--out", "image.safetensors", "folder"]],
    ["figure6 --projections", ["--projections"]],
    ["figure7 --most 3", ["784"]],
  ])("bad input is told in one line: %s", async (line, words) => {
    const { code, stderr } = await runCommand(["reproduce", ...line.split(" ")]);
    expect(code).toBe(2);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    for (const word of words) expect(stderr).toContain(word);
    expect(existsSync("results/figure9.json")).toBe(false);
  });
});

describe("shrinkage", () => {
  it("is the exponent of a power law", () => {
    const points = [10, 50, 400].map((dimension) => ({ dimension, deviation: 3 / Math.sqrt(dimension) }));
    expect(shrinkage(points)).toBeCloseTo(-0.5);
  });
});
