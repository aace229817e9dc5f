import { writeFileSync } from "node:fs";
import { toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stored } from "../formats/onnx-import-oracle.js";
import { floats } from "../formats/onnx-oracle.js";
import { modelProto, node, onnxBytes, valueInfo } from "../formats/onnx-writer.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const home = process.cwd();
const weights = [stored("k", floats("k", 2, 3))];
const nodes = [node("MatMul", ["x", "k"], "h"), node("Softmax", ["h"], "y")];

const spec = (assertion: string) =>
  [
    ...["X_0", "X_1", "Y_0", "Y_1", "Y_2"].map((name) => `(declare-const ${name} Real)`),
    ...[0, 1].map((i) => `(assert (>= X_${i} 0)) (assert (<= X_${i} 1))`),
    `(assert ${assertion})`,
  ].join("\n");

beforeAll(() => {
  process.chdir(folder.path);
  writeFileSync("soft.onnx", onnxBytes({ input: ["N", 2], nodes, weights }));
  const two = modelProto({ input: ["N", 2], nodes, weights });
  two.graph!.output.push(valueInfo("h", ["N", 3]));
  writeFileSync("two.onnx", toBinary(ModelProtoSchema, two));
  writeFileSync("values.vnnlib", spec("(<= Y_0 0.5)"));
  writeFileSync("order.vnnlib", spec("(and (<= Y_0 Y_1) (<= Y_0 Y_2) (<= Y_1 Y_0) (<= Y_2 (- Y_0 100)))"));
  writeFileSync("order2.vnnlib", spec("(and (<= Y_0 Y_1) (<= Y_1 Y_2))"));
});
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

describe("a Softmax at the end", () => {
  it("is told of on standard error, and nothing else is there", async () => {
    const { code, stdout, stderr } = await runCommand(["info", "soft.onnx", "--json", "-"]);
    expect(code).toBe(0);
    expect(stderr.split("\n")[0]).toMatch(/^soft\.onnx: the Softmax at the end is left out/);
    expect(JSON.parse(stdout)).toMatchObject({ classes: 3 });
  });

  it("is told of where training begins with the model, a cascade's too", async () => {
    const rows = Array.from({ length: 12 }, (_, i) => `${(i % 4) / 4},${(i % 3) / 3},${i % 3}`);
    writeFileSync("points.csv", ["a,b,label", ...rows].join("\n"));
    const train = [
      "train",
      "--data",
      "points.csv",
      "--model",
      "soft.onnx",
      "--epsilon",
      "0.01",
      "--epochs",
      "1",
    ];
    for (const more of [[], ["--cascade", "2"]]) {
      const { code, stdout, stderr } = await runCommand([...train, ...more, "--out", `run${more.length}`]);
      expect(code, stderr).toBe(0);
      expect(stdout.replace(/\s+/g, " ")).toContain("soft.onnx: the Softmax at the end is left out");
    }
  });

  it("leaves properties that compare outputs, and no others", async () => {
    const values = await runCommand(["verify", "soft.onnx", "values.vnnlib"]);
    expect(values.code).toBe(2);
    expect(values.stderr).toMatch(
      /soft\.onnx: ends with Softmax, which only comparisons of two outputs do without/,
    );
    const difference = await runCommand(["verify", "soft.onnx", "order.vnnlib"]);
    expect(difference.code).toBe(2);
    const order = await runCommand(["verify", "soft.onnx", "order2.vnnlib", "--timeout", "20"]);
    expect(order.stdout).toMatch(/^(holds|violated)\n/);
  });
});

describe("--output", () => {
  it("takes one of several outputs, which are listed without it", async () => {
    const listed = await runCommand(["info", "two.onnx"]);
    expect([listed.code, listed.stderr]).toEqual([
      2,
      expect.stringMatching(
        /two\.onnx: expected one output, found 2: "y", "h" \(FLOAT, FLOAT\); choose one by --output NAME/,
      ),
    ]);
    const taken = await runCommand(["info", "two.onnx", "--output", "h"]);
    expect([taken.code, taken.stderr]).toEqual([0, ""]);
  });
});

it("weights of PyTorch are refused with the line that exports them", async () => {
  writeFileSync("net.pt", "weights");
  const { code, stderr } = await runCommand(["info", "net.pt"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^autodual: net\.pt: expected a model file, .*torch\.onnx\.export\(/);
});
