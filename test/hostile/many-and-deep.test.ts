import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterAll, describe, expect, it } from "vitest";
import { Output } from "../../src/cli/output.js";
import { formatTable } from "../../src/cli/table.js";
import { printVerdict } from "../../src/cli/verify-words.js";
import { createBackend } from "../../src/compute/index.js";
import { encodeModel, loadModelFile } from "../../src/formats/model-file.js";
import { exportOnnx } from "../../src/formats/onnx/export/export.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { initialWeights } from "../../src/network/weights.js";
import type { CaseVerdict } from "../../src/verify/verdict.js";
import { newFolder, runCommand } from "../cli/run-command.js";
import { node, onnxBytes, tensor } from "../formats/onnx-writer.js";
import { costOf } from "./cost.js";

const folder = newFolder();
afterAll(() => folder.remove());
const at = (name: string) => join(folder.path, name);

class Collected extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

describe("many cases of a property", () => {
  it("300,000 are printed in no time, by what settled them", async () => {
    const cases = Array.from(
      { length: 300_000 },
      (_, i): CaseVerdict => ({
        ...{ case: i, answer: "holds", step: i % 2 ? "parallel" : "adaptive", branches: 1, seconds: 0 },
        bound: i % 3 === 0 ? null : i + (i % 2 ? 0.5 : 0.25),
      }),
    );
    const stdout = new Collected();
    const output = new Output({ stdout, stderr: stdout, env: {} }, undefined);
    const verdict = { answer: "holds", cases, seconds: 1, counterexample: null } as never;
    const { stack, seconds } = await costOf(() => printVerdict(output, verdict, "m", "s", "here"));
    expect(stack).toBeUndefined();
    expect(seconds).toBeLessThan(2);
    expect(stdout.text).toMatch(/holds +│ parallel +│ 150000 +│ 150,000 +│ 1\.5 /);
    expect(stdout.text).toMatch(/holds +│ adaptive +│ 150000 +│ 150,000 +│ 2\.25 /);
  });

  it("a verdict without bounds has none", () => {
    const stdout = new Collected();
    const cases = [{ case: 0, answer: "holds", step: "empty box", branches: 0, seconds: 0, bound: null }];
    printVerdict(
      new Output({ stdout, stderr: stdout, env: {} }, undefined),
      { cases, seconds: 1 } as never,
      "m",
      "s",
      "x",
    );
    expect(stdout.text).not.toContain("Infinity");
  });
});

describe("tables of many rows", () => {
  it("are one table: a frame around it, a heading once, rows in their order", () => {
    const rows = Array.from({ length: 1001 }, (_, i) => [`layer${i}`, i]);
    const lines = formatTable(["layer", "number"], rows).split("\n");
    expect(lines.filter((line) => /[┌└├]/.test(line))).toHaveLength(3);
    expect(lines.length).toBe(3 + 1 + rows.length);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(lines.slice(3, -1).map((line) => /layer\d+/.exec(line)?.[0])).toEqual(rows.map(([name]) => name));
    expect(formatTable(["", ""], rows).split("\n")).toHaveLength(2 + rows.length);
  });

  it("may have none, and many take time by their number", async () => {
    expect(formatTable(["layer"], [])).toContain("layer");
    const rows = Array.from({ length: 5000 }, (_, i) => [`layer${i}`, i]);
    expect((await costOf(() => formatTable(["layer", "number"], rows))).seconds).toBeLessThan(3);
  });
});

describe("networks of thousands of layers", () => {
  const layers = Array.from({ length: 1500 }, () => [linear(2), relu()]).flat();
  const network = sequential([2], [...layers, linear(2)]);
  const model = { network, weights: initialWeights(network, 1) };

  it("are told by info in a few seconds, and no stack overflows", async () => {
    writeFileSync(at("deep.safetensors"), encodeModel(model));
    const { value, stack, seconds } = await costOf(() =>
      runCommand(["info", at("deep.safetensors"), "--json", at("info.json")]),
    );
    expect(stack).toBeUndefined();
    expect(value).toMatchObject({ code: 0, stderr: "", stdout: expect.stringMatching(/parameters +9,006/) });
    expect(seconds).toBeLessThan(8);
  });

  it("are written and read as ONNX", async () => {
    const { value, stack, seconds } = await costOf(async () => {
      writeFileSync(at("deep.onnx"), exportOnnx(model));
      return loadModelFile(at("deep.onnx"), await createBackend("portable"));
    });
    expect(stack).toBeUndefined();
    expect((value as { network: typeof network }).network.nodes).toHaveLength(3002);
    expect(seconds).toBeLessThan(12);
  });
});

describe("chains of constants", () => {
  const chain = (length: number, operator: string) => {
    const nodes = Array.from({ length }, (_, i) => node(operator, [`w${i}`, "w0"], `w${i + 1}`));
    const weight = tensor("w0", [2, 2], Float32Array.of(1, 0, 0, 1));
    return onnxBytes({
      input: [1, 2],
      nodes: [...nodes, node("MatMul", ["x", `w${length}`], "y")],
      weights: [weight],
    });
  };

  it.each(["MatMul", "Mul"])("of 5,000 %s are folded, and no stack overflows", async (operator) => {
    writeFileSync(at("chain.onnx"), chain(5000, operator));
    const { value, stack, refusal } = await costOf(async () =>
      loadModelFile(at("chain.onnx"), await createBackend("portable")),
    );
    expect([stack, refusal]).toEqual([undefined, undefined]);
    expect(
      [...(value as { weights: Map<string, ArrayLike<number>> }).weights.values()].map((own) =>
        Array.from(own),
      ),
    ).toContainEqual([1, 0, 0, 1]);
  });

  it("many seconds of products end info by its --timeout", async () => {
    const [side, length] = [256, 60];
    const square = tensor("w0", [side, side], new Float32Array(side * side).fill(1 / side));
    const nodes = Array.from({ length }, (_, i) => node("MatMul", [`w${i}`, "w0"], `w${i + 1}`));
    writeFileSync(
      at("products.onnx"),
      onnxBytes({
        input: [1, side],
        nodes: [...nodes, node("MatMul", ["x", `w${length}`], "y")],
        weights: [square],
      }),
    );
    const { code, stderr } = await runCommand(["info", at("products.onnx"), "--timeout", "0.2"]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(
        /^autodual: --timeout: expected more seconds, found 0\.2, which were over while \S+ was loaded\n$/,
      ),
    ]);
  });
});
