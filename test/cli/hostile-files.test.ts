import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { node, onnxBytes, tensor } from "../formats/onnx-writer.js";
import { newFolder } from "./run-command.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "dist/cli/main.js");
const HOSTILE = join(root, "test/fixtures/hostile");
const MODELS = join(root, "test/fixtures/models");
const MEGABYTE = 2 ** 20;

const folder = newFolder();
afterAll(() => folder.remove());

beforeAll(() => {
  if (!existsSync(main)) spawnSync(process.execPath, [join(root, "scripts/build.mjs")], { stdio: "inherit" });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Of the processor, user and system. */
  readonly seconds: number;
  /** The most that was resident, bytes. */
  readonly memory: number;
}

/** Runs a command line in a process of its own and tells what it took. */
function inChild(...args: readonly string[]): Ended {
  const told = "\u0000usage ";
  const script =
    `process.on("exit", () => { const u = process.resourceUsage(); process.stderr.write(${JSON.stringify(told)} + JSON.stringify(u)); });` +
    `process.argv.splice(1, 0, ${JSON.stringify(main)}); await import(${JSON.stringify(pathToFileURL(main).href)});`;
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", script, "--", ...args], {
    encoding: "utf8",
    timeout: 90_000,
    env: { ...process.env, NO_COLOR: "1" },
  });
  const [stderr, usage] = child.stderr.split(told);
  const { maxRSS, userCPUTime, systemCPUTime } = JSON.parse(usage);
  return {
    code: child.status,
    stdout: child.stdout,
    stderr,
    seconds: (userCPUTime + systemCPUTime) / 1e6,
    memory: maxRSS * 1024,
  };
}

describe("constants that a small file asks for", () => {
  let base: Ended;
  beforeAll(() => {
    base = inChild("info", join(MODELS, "op_abs.onnx"));
    expect([base.code, base.stderr]).toEqual([0, ""]);
  });

  it.each([
    [
      "many_cos_bomb.onnx",
      /node "ConstantOfShape1" \(ConstantOfShape\): a result of shape \[16777216\] is too large$/,
    ],
    [
      "concat_bomb.onnx",
      /node "Concat\d+" \(Concat\): the constants that this file's nodes compute are too large, expected at most 4194408 numbers together, found \d+ up to here; export the model with constants folded$/,
    ],
  ])("%s is refused in one line, within a second and 300 MB", (name, message) => {
    const { code, stdout, stderr, seconds, memory } = inChild("info", join(HOSTILE, name));
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr.trim()).toMatch(message);
    expect(stderr.trim()).not.toContain("\n");
    expect(seconds - base.seconds).toBeLessThan(1);
    expect(memory).toBeLessThan(300 * MEGABYTE);
  });
});

it("matmul_const_slow.onnx: constants of millions of numbers, made of none, are one line", () => {
  const spec = join(folder.path, "spec.vnnlib");
  const inputs = [0, 1, 2, 3].map(
    (i) => `(declare-const X_${i} Real) (assert (>= X_${i} 0)) (assert (<= X_${i} 1))`,
  );
  const outputs = [0, 1, 2].map((i) => `(declare-const Y_${i} Real)`);
  writeFileSync(spec, [...inputs, ...outputs, "(assert (>= Y_0 5))"].join("\n"));
  const slow = join(HOSTILE, "matmul_const_slow.onnx");
  const { code, stdout, stderr, seconds, memory } = inChild("verify", slow, spec, "--timeout", "3");
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(
    /^autodual: \S*matmul_const_slow\.onnx: node .* a result of shape \[4096, 4096\] is too large\n$/,
  );
  expect(seconds).toBeLessThan(8);
  expect(memory).toBeLessThan(500 * MEGABYTE);
});

it("a deadline counts loading: products of the file's own constants, many seconds of them", () => {
  const [side, products] = [512, 20];
  const square = tensor("w0", [side, side], new Float32Array(side * side).fill(1 / side));
  const chain = Array.from({ length: products }, (_, i) => node("MatMul", [`w${i}`, "w0"], `w${i + 1}`));
  const nodes = [...chain, node("MatMul", ["x", `w${products}`], "y")];
  const model = join(folder.path, "products.onnx");
  writeFileSync(model, onnxBytes({ input: [1, side], nodes, weights: [square] }));
  const spec = join(folder.path, "products.vnnlib");
  const inputs = Array.from(
    { length: side },
    (_, i) => `(declare-const X_${i} Real) (assert (>= X_${i} 0)) (assert (<= X_${i} 1))`,
  );
  const outputs = Array.from({ length: side }, (_, i) => `(declare-const Y_${i} Real)`);
  writeFileSync(spec, [...inputs, ...outputs, "(assert (>= Y_0 5))"].join("\n"));
  const { code, stdout, stderr } = inChild("verify", model, spec, "--timeout", "0.2");
  expect([code, stdout.split("\n")[0]]).toEqual([0, "unknown"]);
  expect(stderr + stdout).toMatch(/--timeout: expected more seconds, found 0\.2/);
});

/** c47: residual networks, an output a pixel; a bound of whole rows took gigabytes and minutes. */
it.each(["c47_side16", "c47_side24"])("%s: --memory and --timeout hold", (name) => {
  const files = [`${name}.onnx`, `${name}.vnnlib`].map((file) => join(MODELS, file));
  const began = performance.now();
  const { code, stdout, stderr, memory } = inChild(
    ...["verify", ...files, "--memory", "200MB", "--timeout", "3"],
  );
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.split("\n")[0]).toMatch(/^(holds|unknown)$/);
  // Starting the process and printing beside it, on a machine that does other things.
  expect((performance.now() - began) / 1000).toBeLessThan(30);
  expect(memory).toBeLessThan(1.4 * 200 * MEGABYTE);
});
