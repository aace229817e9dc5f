import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { encodeModel } from "../../src/formats/model-file.js";
import { linear } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { EVALUATIONS } from "../../src/threat/evaluation.js";
import { writeInputFiles } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const home = process.cwd();
const SPEC = [
  ...[0, 1, 2, 3].map((i) => `(declare-const X_${i} Real)`),
  ...[0, 1, 2].map((i) => `(declare-const Y_${i} Real)`),
  ...[0, 1, 2, 3].map((i) => `(assert (>= X_${i} 0)) (assert (<= X_${i} 1))`),
  "(assert (<= Y_0 -1000))",
].join("\n");
const COMMANDS = {
  certify: ["certify", "single.safetensors", "--data", "four.npz", "--epsilon", "0.01"],
  radius: ["radius", "single.safetensors", "--data", "four.npz", "--most", "0.1", "--tolerance", "0.05"],
  verify: ["verify", "single.safetensors", "holds.vnnlib"],
} as const;

beforeAll(async () => {
  await writeInputFiles(folder.path);
  process.chdir(folder.path);
  const model = (weight: Float32Array | Float64Array) =>
    encodeModel({
      network: sequential([4], [linear(3)]),
      weights: new Map([
        ["linear1.weight", weight],
        ["linear1.bias", Float32Array.of(0, 0, 0)],
      ]),
    });
  writeFileSync("single.safetensors", model(new Float32Array(12).fill(0.5)));
  writeFileSync("held.safetensors", model(new Float64Array(12).fill(0.5)));
  writeFileSync("double.safetensors", model(new Float64Array(12).fill(0.1)));
  writeFileSync("holds.vnnlib", SPEC);
}, 120_000);
beforeEach(() => process.chdir(folder.path));
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

async function done(...args: string[]) {
  const { code, stdout, stderr } = await runCommand([...args, "--json", "figures.json"]);
  expect(stderr).not.toContain("autodual:");
  expect(code).toBe(0);
  // Names of files may be as long as they are.
  const sentences = stdout.split("\n").filter((line) => !line.includes("holds.vnnlib:"));
  for (const line of sentences) expect(line.length).toBeLessThanOrEqual(80);
  return { ...JSON.parse(readFileSync("figures.json", "utf8")), words: stdout.replace(/\s+/g, " ") };
}

async function refused(...args: string[]): Promise<string> {
  const { code, stderr } = await runCommand(args);
  expect(code).toBe(2);
  const lines = stderr.trimEnd().split("\n");
  expect(lines).toHaveLength(1);
  return lines[0];
}

function instead(args: readonly string[], model: string): string[] {
  return args.map((arg) => (arg === "single.safetensors" ? model : arg));
}

describe.each(Object.entries(COMMANDS))("%s --evaluation", (command, args) => {
  it("is by default the arithmetic of the model's file", async () => {
    for (const [model, evaluation] of [
      ["single.safetensors", "float32"],
      ["double.safetensors", "float64"],
    ]) {
      const { bound, words } = await done(...instead(args, model));
      expect(bound).toMatchObject({ evaluation, rounding: "outward" });
      if (command !== "certify") {
        expect(words).toContain(`in real arithmetic and in any ${evaluation} evaluation of this network`);
      }
    }
  });

  it.each(EVALUATIONS)("takes %s and writes it", async (evaluation) => {
    const { bound } = await done(...args, "--evaluation", evaluation);
    expect(bound).toMatchObject({ evaluation, rounding: "outward" });
  });

  it("refuses other values in one line", async () => {
    expect(await refused(...args, "--evaluation", "float16")).toMatch(
      /--evaluation.*float32, float32-ftz, float64.*float16/,
    );
  });

  it("refuses single precision for weights that it does not have, and takes those that it has", async () => {
    for (const evaluation of ["float32", "float32-ftz"]) {
      const asked = [...instead(args, "double.safetensors"), "--evaluation", evaluation];
      expect(await refused(...asked)).toContain(
        `--evaluation: ${evaluation} would run another network: weight linear1.weight of double.safetensors has 0.1`,
      );
    }
    const { bound } = await done(...instead(args, "held.safetensors"), "--evaluation", "float32");
    expect(bound.evaluation).toBe("float32");
  });
});

describe("--rounding none", () => {
  it.each(["certify", "radius"] as const)("leaves rounding out of %s, and says so", async (command) => {
    const { bound, words } = await done(...COMMANDS[command], "--rounding", "none");
    expect(bound).toMatchObject({ evaluation: null, rounding: "none" });
    expect(words).toContain("nothing of what a machine computes is proved");
    expect(words).not.toContain("Guaranteed");
  });

  it("does not go with what counts rounding", async () => {
    expect(await refused(...COMMANDS.radius, "--rounding", "none", "--timeout", "1")).toContain("--timeout");
    expect(await refused(...COMMANDS.certify, "--rounding", "none", "--evaluation", "real")).toContain(
      "--evaluation",
    );
  });
});
