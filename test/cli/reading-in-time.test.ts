import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBackend } from "../../src/compute/index.js";
import { parseCertificate } from "../../src/formats/certificate/file.js";
import { loadModelFile } from "../../src/formats/model-file.js";
import { parseVnnlib } from "../../src/formats/vnnlib/parse.js";
import { checkClaims } from "../../src/runs/certificates/check-claims.js";
import { node, onnxBytes, tensor } from "../formats/onnx-writer.js";
import { Looks } from "../support/looks.js";
import { flatNetwork, writeExamples, writeModel } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
afterAll(() => folder.remove());
const at = (name: string) => join(folder.path, name);

/** Over before anything is read. */
const NO_TIME = ["--timeout", "1e-9"];

/** An `or` of so many disjuncts. */
function disjuncts(count: number): string {
  const lines = ["(declare-const X_0 Real)", "(declare-const Y_0 Real)", "(assert (>= X_0 0))"];
  const cases = Array.from({ length: count }, (_, i) => `(and (<= Y_0 ${i}))`);
  return [...lines, "(assert (<= X_0 1))", `(assert (or ${cases.join("\n")}))`].join("\n");
}

beforeAll(async () => {
  writeModel(at("flat.safetensors"), flatNetwork());
  await writeExamples(at("four.npz"));
  const certify = ["certify", at("flat.safetensors"), "--data", at("four.npz"), "--epsilon", "0.001"];
  const { code, stderr } = await runCommand([...certify, "--certificate", at("claims.json")]);
  expect(code, stderr).toBe(0);
  const square = tensor("w0", [4, 4], new Float32Array(16).fill(0.25));
  const product = (i: number) => node("MatMul", [`w${i}`, "w0"], `w${i + 1}`);
  writeFileSync(
    at("products.onnx"),
    onnxBytes({
      input: [1, 4],
      nodes: [...Array.from({ length: 60 }, (_, i) => product(i)), node("MatMul", ["x", "w60"], "y")],
      weights: [square],
    }),
  );
  writeFileSync(at("many.vnnlib"), disjuncts(2000));
});

describe("--timeout ends the reading", () => {
  it.each([
    ["of a model, for convert", ["convert", "products.onnx", "out.safetensors"]],
    ["of a model, for drift", ["drift", "products.onnx"]],
    ["of a model, for bench", ["bench", "certify", "--data", "four.npz", "--model", "products.onnx"]],
    ["of a certificate, for check", ["check", "claims.json", "--model", "flat.safetensors"]],
  ])("%s", async (_words, args) => {
    const [command, ...rest] = args.map((arg) => (/\.[a-z]+$/.test(arg) ? at(arg) : arg));
    const { code, stderr, stdout } = await runCommand([command, ...rest, ...NO_TIME]);
    expect(stderr).toMatch(
      /^autodual: --timeout: expected more seconds, found 1e-9, which were over while \S.* was loaded\n$/,
    );
    expect([code, stdout]).toEqual([2, ""]);
    expect(existsSync(at("out.safetensors"))).toBe(false);
  });

  it("of a property, for verify, which claims nothing", async () => {
    const args = ["verify", at("flat.safetensors"), at("many.vnnlib"), "--json", at("late.json")];
    const { code, stdout } = await runCommand([...args, ...NO_TIME]);
    expect([code, stdout.split("\n")[0]]).toEqual([0, "unknown"]);
    expect(JSON.parse(readFileSync(at("late.json"), "utf8"))).toMatchObject({ property: null, cases: [] });
  });

  it("and what comes after it: drift claims nothing", async () => {
    const { code, stderr } = await runCommand(["drift", at("flat.safetensors"), ...NO_TIME]);
    expect(stderr).toMatch(/^autodual: --timeout: expected more seconds, .* before it was bounded\n$/);
    expect(code).toBe(2);
  });

  it("and does nothing where there is time", async () => {
    for (const args of [
      ["check", at("claims.json"), "--model", at("flat.safetensors")],
      ["drift", at("flat.safetensors")],
      ["convert", at("products.onnx"), at("out.safetensors")],
    ]) {
      const { code, stderr } = await runCommand([...args, "--timeout", "1e9"]);
      expect([code, stderr]).toEqual([0, ""]);
    }
  });
});

describe("the clock is looked at", () => {
  it("while a property is read, as often as it is long", () => {
    const looksOf = (text: string) => {
      const looks = new Looks();
      parseVnnlib(text, "p.vnnlib", looks);
      return looks.count;
    };
    const [some, more] = [2000, 20_000].map((count) => looksOf(disjuncts(count)));
    expect(some).toBeGreaterThan(10);
    expect(more / some).toBeGreaterThan(9);
    expect(() => parseVnnlib(disjuncts(2000), "p.vnnlib", new Looks(7))).toThrow("the time is over");
  });

  it("while a property of a few words is multiplied out", () => {
    const either = Array.from({ length: 16 }, (_, i) => `(assert (or (<= Y_0 ${i}) (>= Y_0 ${i})))`);
    const text = [...disjuncts(1).split("\n").slice(0, 4), ...either].join("\n");
    const looks = new Looks(60);
    expect(() => parseVnnlib(text, "p.vnnlib", looks)).toThrow("the time is over");
  });

  it("before each claim of a certificate is read, and within each that is checked", async () => {
    const text = readFileSync(at("claims.json"), "utf8");
    const reading = new Looks();
    const certificate = parseCertificate(text, "claims.json", reading);
    const { length: claims } = certificate.claims;
    expect(claims).toBeGreaterThan(3);
    expect(reading.count).toBe(claims);
    expect(() => parseCertificate(text, "claims.json", new Looks(2))).toThrow("the time is over");
    const stages = [await loadModelFile(at("flat.safetensors"), await createBackend("portable"))];
    const checking = new Looks();
    expect((await checkClaims(certificate, { stages }, { stop: checking })).fault).toBeNull();
    // Of each claim a row for each of two margins, at least.
    expect(checking.count).toBeGreaterThanOrEqual(3 * claims);
    const ended = checkClaims(certificate, { stages }, { stop: new Looks(2) });
    await expect(ended).rejects.toThrow("the time is over");
  });
});
